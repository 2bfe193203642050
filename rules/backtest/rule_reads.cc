#include "rules/backtest/rule_reads.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "metric/labels.h"
#include "metric/matcher.h"
#include "promql/parser/ast.h"
#include "rules/eval/rule_sample.h"

namespace bellwether::rules {
namespace {

struct SelectorRead {
  const promql::VectorSelector* selector = nullptr;
  base::DurationMs reach;  // How far before the evaluation it looks, lookback aside.
  bool bounded = true;     // Nothing makes it look farther: no @, no duration to be computed.
};

// Everything that a rule says about other rules.
struct RuleReads {
  std::vector<SelectorRead> selectors;
  std::vector<std::string> alerts;  // By name.
  bool anything = false;            // Its templates may query whatever they like.
};

base::DurationMs OffsetOf(const promql::TimeModifiers& time) { return std::max(time.offset, base::DurationMs(0)); }

bool IsBounded(const promql::TimeModifiers& time) { return !time.at && time.offset_expr == nullptr; }

// `above`: what the expressions around `expr` add to its reach.
void CollectSelectors(const promql::Expr& expr, SelectorRead above, std::vector<SelectorRead>& reads) {
  const auto add = [&](base::DurationMs range, const promql::TimeModifiers& time, bool has_literal_range) {
    above.reach = above.reach + range + OffsetOf(time);
    above.bounded = above.bounded && has_literal_range && IsBounded(time);
  };
  switch (expr.kind) {
    case promql::ExprKind::kVectorSelector:
      above.selector = &static_cast<const promql::VectorSelector&>(expr);
      add(base::DurationMs(0), above.selector->time, true);
      reads.push_back(above);
      return;
    case promql::ExprKind::kMatrixSelector: {
      const auto& matrix = static_cast<const promql::MatrixSelector&>(expr);
      add(matrix.range, {}, matrix.range_expr == nullptr);
      CollectSelectors(*matrix.selector, above, reads);
      return;
    }
    case promql::ExprKind::kSubquery: {
      const auto& subquery = static_cast<const promql::Subquery&>(expr);
      add(subquery.range, subquery.time, subquery.range_expr == nullptr);
      break;
    }
    default: break;
  }
  promql::ForEachChild(expr, [&](const promql::Expr& child) { CollectSelectors(child, above, reads); });
}

bool MayQuery(const TextMap& templates) {
  return std::any_of(templates.begin(), templates.end(), [](const auto& entry) {
    return entry.second.find("{{") != std::string::npos && entry.second.find("query") != std::string::npos;
  });
}

RuleReads ReadsOf(const RuleSpec& rule) {
  RuleReads reads;
  ForEachExpr(rule, [&](const promql::Expr& expr) { CollectSelectors(expr, {}, reads.selectors); });
  reads.anything = MayQuery(rule.labels) || MayQuery(rule.annotations);
  if (rule.conditions == nullptr) return reads;
  ForEachSignalSpec(*rule.conditions, [&](const SignalSpec& signal) {
    if (!signal.alert.empty()) reads.alerts.push_back(signal.alert);
  });
  return reads;
}

// For how long the rule remembers by itself.
base::DurationMs MemoryOf(const RuleSpec& rule) {
  base::DurationMs of_levels = rule.hold.hold;
  base::DurationMs of_signals;
  if (rule.conditions != nullptr) {
    ForEachSignalSpec(*rule.conditions,
                      [&](const SignalSpec& signal) { of_signals = std::max(of_signals, signal.hold); });
    ForEachLevelSpec(*rule.conditions, [&](const LevelSpec& level) {
      of_levels = std::max(of_levels, level.rule.hold + level.rule.after.value_or(base::DurationMs(0)));
    });
  }
  return of_levels + of_signals + rule.hold.keep_firing;
}

// One rule among all.
struct Node {
  std::size_t group = 0;
  const RuleSpec* spec = nullptr;
  RuleReads reads;
  std::vector<metric::Labels> outputs;  // The labels of what it produces that are known.
};

std::vector<metric::Labels> OutputsOf(const RuleSpec& rule) {
  using metric::Labels;
  if (rule.kind == RuleKind::kRecording) return {Labels{{metric::kMetricName, rule.name}}};
  return {Labels{{metric::kMetricName, "ALERTS"}, {"alertname", rule.name}},
          Labels{{metric::kMetricName, "ALERTS_FOR_STATE"}, {"alertname", rule.name}}};
}

// Of the other labels nothing is known: they may match.
bool MayRead(const promql::VectorSelector& selector, const metric::Labels& output) {
  return std::all_of(selector.matchers.begin(), selector.matchers.end(), [&](const metric::Matcher& matcher) {
    const bool known = matcher.name() == metric::kMetricName || !output.Get(matcher.name()).empty();
    return !known || matcher.Matches(output.Get(matcher.name()));
  });
}

class ReadGraph {
 public:
  ReadGraph(std::span<const ReplayGroup> groups, base::DurationMs lookback) : groups_(groups), lookback_(lookback) {
    for (std::size_t g = 0; g < groups.size(); ++g) {
      for (const RuleSpec& rule : groups[g].spec->rules) nodes_.push_back({g, &rule, ReadsOf(rule), OutputsOf(rule)});
    }
    Link();
  }

  ReplayPlan Plan(bool alerts_together) {
    ReplayPlan plan;
    for (const Node& node : nodes_) {
      for (const metric::Labels& output : node.outputs) plan.recorded.emplace(output.Name());
    }
    plan.read_back = read_back_;
    plan.keep = keep_;
    plan.parts = Parts(alerts_together);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      plan.warm_up = std::max(plan.warm_up, NeedOf(i) + groups_[nodes_[i].group].interval);
    }
    plan.metrics.resize(groups_.size());
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      std::set<std::string> names;
      std::set<std::size_t> seen;
      CollectMetrics(i, names, seen);
      plan.metrics[nodes_[i].group].emplace_back(names.begin(), names.end());
    }
    return plan;
  }

 private:
  struct Edge {
    std::size_t to = 0;  // The rule that is read.
    base::DurationMs reach;
  };

  void Link() {
    edges_.resize(nodes_.size());
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      for (std::size_t j = 0; j < nodes_.size(); ++j) LinkPair(i, j);
    }
  }

  void LinkPair(std::size_t reader, std::size_t read) {
    const RuleReads& reads = nodes_[reader].reads;
    const RuleSpec& target = *nodes_[read].spec;
    const bool as_signal = target.kind == RuleKind::kAlerting &&
                           std::find(reads.alerts.begin(), reads.alerts.end(), target.name) != reads.alerts.end();
    bool linked = as_signal || reads.anything;
    base::DurationMs reach;
    for (const metric::Labels& output : nodes_[read].outputs) {
      bool is_read = reads.anything;
      for (const SelectorRead& selector : reads.selectors) {
        if (!MayRead(*selector.selector, output)) continue;
        is_read = linked = true;
        reach = std::max(reach, selector.reach + lookback_);
        if (!selector.bounded) keep_.reset();
      }
      if (reads.anything) keep_.reset();
      if (keep_) keep_ = std::max(*keep_, reach);
      if (is_read) read_back_.emplace(output.Name());
    }
    if (linked) edges_[reader].push_back({read, reach});
  }

  std::vector<std::vector<std::size_t>> Parts(bool alerts_together) {
    std::vector<std::size_t> part(groups_.size());
    std::iota(part.begin(), part.end(), 0);
    const std::function<std::size_t(std::size_t)> root = [&](std::size_t g) {
      while (part[g] != g) g = part[g] = part[part[g]];
      return g;
    };
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      for (const Edge& edge : edges_[i]) part[root(nodes_[i].group)] = root(nodes_[edge.to].group);
    }
    std::optional<std::size_t> alerts;
    for (std::size_t i = 0; alerts_together && i < nodes_.size(); ++i) {
      if (nodes_[i].spec->kind != RuleKind::kAlerting) continue;
      if (alerts) part[root(nodes_[i].group)] = root(*alerts);
      alerts = nodes_[i].group;
    }
    std::map<std::size_t, std::vector<std::size_t>> by_root;
    for (std::size_t g = 0; g < groups_.size(); ++g) by_root[root(g)].push_back(g);
    std::vector<std::vector<std::size_t>> parts;
    for (auto& [unused, groups] : by_root) parts.push_back(std::move(groups));
    return parts;
  }

  // Rules that read one another in a circle need, each by itself, what they would need without it.
  base::DurationMs NeedOf(std::size_t i) {
    if (const auto known = needs_.find(i); known != needs_.end()) return known->second;
    needs_[i] = MemoryOf(*nodes_[i].spec);
    base::DurationMs below;
    for (const Edge& edge : edges_[i]) below = std::max(below, edge.reach + NeedOf(edge.to));
    return needs_[i] = MemoryOf(*nodes_[i].spec) + below;
  }

  void CollectMetrics(std::size_t i, std::set<std::string>& names, std::set<std::size_t>& seen) const {
    if (!seen.insert(i).second) return;
    for (const SelectorRead& read : nodes_[i].reads.selectors) {
      if (!read.selector->name.empty()) names.insert(read.selector->name);
    }
    for (const Edge& edge : edges_[i]) CollectMetrics(edge.to, names, seen);
  }

  const std::span<const ReplayGroup> groups_;
  const base::DurationMs lookback_;
  std::vector<Node> nodes_;
  std::vector<std::vector<Edge>> edges_;  // By node.
  NameSet read_back_;
  std::optional<base::DurationMs> keep_ = base::DurationMs(0);
  std::map<std::size_t, base::DurationMs> needs_;
};

}  // namespace

ReplayPlan PlanReplay(std::span<const ReplayGroup> groups, base::DurationMs lookback, bool alerts_together) {
  return ReadGraph(groups, lookback).Plan(alerts_together);
}

}  // namespace bellwether::rules
