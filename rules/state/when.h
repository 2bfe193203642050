// rules/state/when.h
//
// The condition of a composite alert over its signals: `accuracy and (drift or latency)`, `at_least(2, a, b, c)`,
// `score(a=0.5, b=0.3) >= 0.6`. A tree, its value in three-valued logic, and which signal decided. Pure.
//
// With unknown signals a count or a score is a range; the result is known if the whole range agrees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "rules/state/truth.h"

namespace bellwether::rules {

struct When {
  enum class Kind : std::uint8_t { kSignal, kNot, kAnd, kOr, kAtLeast, kScore };

  Kind kind = Kind::kSignal;
  std::size_t signal = 0;       // kSignal: number in the rule's signals.
  std::vector<When> operands;   // kNot: one; kScore: signals.
  std::size_t count = 0;        // kAtLeast.
  std::vector<double> weights;  // kScore: one for each operand.
  double bound = 0;             // kScore: the sum of the weights of true signals is at least this,
  bool strict = false;          // or more than this.
};

// `signals`: what is known of each signal of the rule.
[[nodiscard]] Truth Evaluate(const When& when, std::span<const Truth> signals);

// What made a condition true: the first signal, as written, that is true and stands outside `not`, or a score.
struct Decision {
  std::optional<std::size_t> signal;
  std::optional<double> score;  // The sum of the weights of the signals known to be true.
};
[[nodiscard]] Decision WhatDecided(const When& when, std::span<const Truth> signals);

enum class Polarity : std::uint8_t { kPositive, kNegated };  // kNegated: inside an odd number of `not`s.
void ForEachSignal(const When& when, const std::function<void(std::size_t signal, Polarity polarity)>& visit);

}  // namespace bellwether::rules
