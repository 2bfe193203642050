#include "rules/eval/alert_context.h"

#include <cmath>

#include "rules/file/condition_text.h"

namespace bellwether::rules {
namespace {

// Which values of a rule are the worse ones, where all of its levels agree on that.
std::optional<Side> BadSideOf(const RuleSpec& spec) {
  if (spec.conditions != nullptr) {
    if (spec.conditions->composite) return std::nullopt;
    for (const LevelSpec& level : spec.conditions->levels) {
      if (level.threshold) return level.threshold->side;
    }
  }
  const auto comparison = spec.expr == nullptr ? std::nullopt : FindNumberComparison(*spec.expr);
  return comparison ? comparison->BadSide() : std::nullopt;
}

std::string ConditionOf(const RuleSpec& spec, const AlertEntry& entry) {
  if (entry.leveled && !entry.leveled->condition.empty()) return entry.leveled->condition;
  if (spec.conditions != nullptr && !spec.conditions->when_text.empty()) return spec.conditions->when_text;
  const auto comparison = spec.expr == nullptr ? std::nullopt : FindNumberComparison(*spec.expr);
  return comparison ? comparison->Text() : "";
}

metric::AlertSignal SignalOf(const SignalStanding& standing) {
  metric::AlertSignal signal{.name = standing.name, .state = standing.StateName(), .condition = standing.condition};
  if (!std::isnan(standing.value)) signal.value = standing.value;
  signal.since = standing.since;
  return signal;
}

}  // namespace

void DescribeAlert(const RuleSpec& spec, const AlertEntry& entry, metric::AlertUpdate& update) {
  update.condition = ConditionOf(spec, entry);
  if (const auto side = BadSideOf(spec); side && entry.extremes) {
    update.peak = *side == Side::kAbove ? entry.extremes->high : entry.extremes->low;
  }
  if (!entry.leveled) return;
  update.levels = entry.leveled->history;
  for (const SignalStanding& standing : entry.leveled->signals) {
    if (!standing.name.empty()) update.signals.push_back(SignalOf(standing));
  }
}

}  // namespace bellwether::rules
