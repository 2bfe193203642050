#include "rules/state/when.h"

namespace bellwether::rules {
namespace {

Truth EvaluateAtLeast(const When& when, std::span<const Truth> signals) {
  std::size_t certain = 0;
  std::size_t possible = 0;
  for (const When& operand : when.operands) {
    const Truth truth = Evaluate(operand, signals);
    if (truth == Truth::kTrue) ++certain;
    if (truth != Truth::kFalse) ++possible;
  }
  return TruthOfRange(certain >= when.count, possible >= when.count);
}

Truth EvaluateScore(const When& when, std::span<const Truth> signals) {
  double least = 0;
  double most = 0;
  for (std::size_t i = 0; i < when.operands.size(); ++i) {
    const Truth truth = Evaluate(when.operands[i], signals);
    const double weight = when.weights[i];
    if (truth == Truth::kTrue || (truth == Truth::kUnknown && weight < 0)) least += weight;
    if (truth == Truth::kTrue || (truth == Truth::kUnknown && weight > 0)) most += weight;
  }
  const auto reached = [&](double score) { return when.strict ? score > when.bound : score >= when.bound; };
  return TruthOfRange(reached(least), reached(most));
}

void Visit(const When& when, Polarity polarity, const std::function<void(std::size_t, Polarity)>& visit) {
  if (when.kind == When::Kind::kSignal) visit(when.signal, polarity);
  if (when.kind == When::Kind::kNot) {
    polarity = polarity == Polarity::kPositive ? Polarity::kNegated : Polarity::kPositive;
  }
  for (const When& operand : when.operands) Visit(operand, polarity, visit);
}

}  // namespace

Truth Evaluate(const When& when, std::span<const Truth> signals) {
  switch (when.kind) {
    case When::Kind::kSignal: return signals[when.signal];
    case When::Kind::kNot: return Not(Evaluate(when.operands.front(), signals));
    case When::Kind::kAnd: {
      Truth all = Truth::kTrue;
      for (const When& operand : when.operands) all = And(all, Evaluate(operand, signals));
      return all;
    }
    case When::Kind::kOr: {
      Truth any = Truth::kFalse;
      for (const When& operand : when.operands) any = Or(any, Evaluate(operand, signals));
      return any;
    }
    case When::Kind::kAtLeast: return EvaluateAtLeast(when, signals);
    case When::Kind::kScore: return EvaluateScore(when, signals);
  }
  return Truth::kUnknown;
}

Decision WhatDecided(const When& when, std::span<const Truth> signals) {
  switch (when.kind) {
    case When::Kind::kSignal: return signals[when.signal] == Truth::kTrue ? Decision{when.signal, {}} : Decision();
    case When::Kind::kNot: return {};
    case When::Kind::kScore: {
      double score = 0;
      for (std::size_t i = 0; i < when.operands.size(); ++i) {
        if (Evaluate(when.operands[i], signals) == Truth::kTrue) score += when.weights[i];
      }
      return {{}, score};
    }
    case When::Kind::kAnd:
    case When::Kind::kOr:
    case When::Kind::kAtLeast:
      for (const When& operand : when.operands) {
        if (Evaluate(operand, signals) != Truth::kTrue) continue;
        const Decision decision = WhatDecided(operand, signals);
        if (decision.signal || decision.score) return decision;
      }
      return {};
  }
  return {};
}

void ForEachSignal(const When& when, const std::function<void(std::size_t, Polarity)>& visit) {
  Visit(when, Polarity::kPositive, visit);
}

}  // namespace bellwether::rules
