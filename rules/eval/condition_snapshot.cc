#include "rules/eval/condition_snapshot.h"

#include <algorithm>

namespace bellwether::rules {
namespace {

std::string QueryOf(const std::optional<ExprSpec>& expr) { return expr ? expr->query : std::string(); }

LevelSnapshot DescribeLevel(const LevelSpec& level) {
  return {.severity = level.rule.severity,
          .threshold = level.threshold,
          .when = level.when_text,
          .clear = QueryOf(level.clear),
          .hold = level.rule.hold,
          .after = level.rule.after};
}

SignalSnapshot DescribeSignal(const SignalSpec& signal) {
  return {.name = signal.name,
          .query = QueryOf(signal.expr),
          .alert = signal.alert,
          .through_topology = signal.through == Through::kTopology,
          .threshold = signal.threshold,
          .clear = QueryOf(signal.clear),
          .hold = signal.hold,
          .need = signal.need};
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

ConditionSnapshot DescribeConditions(const ConditionSpec& spec) {
  ConditionSnapshot snapshot;
  snapshot.match_on = spec.match_on;
  snapshot.when = spec.when_text;
  if (spec.composite) {
    for (const SignalSpec& signal : spec.signals) snapshot.signals.push_back(DescribeSignal(signal));
  }
  if (spec.has_levels) {
    for (const LevelSpec& level : spec.levels) snapshot.levels.push_back(DescribeLevel(level));
  }
  for (const OverrideSpec& entry : spec.overrides) {
    OverrideSnapshot& shown = snapshot.overrides.emplace_back();
    shown.match = entry.match;
    for (const LevelSpec& level : entry.levels) {
      if (Contains(entry.replaced_levels, level.rule.severity)) shown.levels.push_back(DescribeLevel(level));
    }
    for (const SignalSpec& signal : entry.signals) {
      if (Contains(entry.replaced_signals, signal.name)) shown.signals.push_back(DescribeSignal(signal));
    }
  }
  return snapshot;
}

void DescribeLeveled(const LeveledAlert& leveled, const Alert& alert, AlertSnapshot& snapshot) {
  snapshot.level = leveled.progress.level.value_or("");
  if (alert.state == AlertState::kFiring) snapshot.level_since = leveled.progress.level_since;
  for (const SignalStanding& signal : leveled.signals) {
    if (!signal.name.empty() && signal.truth == Truth::kTrue) snapshot.signals.push_back(signal);
  }
}

}  // namespace bellwether::rules
