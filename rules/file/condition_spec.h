// rules/file/condition_spec.h
//
// What a rule says that Prometheus has no words for: levels, signals and how they combine, as read and checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "promql/parser/ast.h"
#include "rules/state/alert_table.h"
#include "rules/state/level_machine.h"
#include "rules/state/threshold.h"
#include "rules/state/truth.h"
#include "rules/state/when.h"
#include "yaml/yaml_tree.h"

namespace bellwether::rules {

struct ExprSpec {
  std::string text;      // As written; positions in the engine's annotations refer to it.
  promql::ExprPtr expr;  // Never null in a file without faults.
  std::string query;     // Canonical text.
};

enum class Through : std::uint8_t { kLabels, kTopology };

// A named condition.
struct SignalSpec {
  std::string name;                    // Empty for the expression of a rule without signals.
  std::optional<ExprSpec> expr;        // Either this,
  std::string alert;                   // or the name of another alert.
  Through through = Through::kLabels;  // Of `alert`: how its instances are found.
  base::DurationMs hold;
  std::optional<Threshold> threshold;  // Judges the value; without it the expression is the condition.
  std::optional<ExprSpec> clear;
  std::size_t need = 1;          // So many of an instance's series must hold.
  std::optional<Truth> missing;  // What an instance without series is; nothing: as the expression says.
  yaml::YamlPosition position;
};

struct LevelSpec {
  LevelRule rule;
  // What the level judges: a threshold on the value, a condition over signals, or, without either, the rule's condition
  // or that of the level below.
  std::optional<Threshold> threshold;
  std::optional<When> when;
  std::string when_text;
  bool as_below = false;  // Nothing but `after` is given.
  std::optional<ExprSpec> clear;
};

// Other levels and signals for the instances that have all these labels.
struct OverrideSpec {
  std::map<std::string, std::string> match;
  std::vector<LevelSpec> levels;    // All of the rule's, those of the override in their places.
  std::vector<SignalSpec> signals;  // Likewise.
  std::vector<std::string> replaced_levels;
  std::vector<std::string> replaced_signals;
};

enum class NoDataPolicy : std::uint8_t { kKeep, kResolve, kFire };

struct ConditionSpec {
  bool composite = false;             // Of signals; otherwise the rule's expression is the only one.
  std::vector<std::string> match_on;  // Sorted. Composite rules alone.
  std::vector<SignalSpec> signals;
  std::optional<When> when;  // The rule's condition. Composite rules alone, where a level needs it.
  std::string when_text;
  std::optional<ExprSpec> clear;  // Of the rule's condition.
  bool has_levels = false;        // Otherwise `levels` is the one that the rule itself is, without a severity.
  std::vector<LevelSpec> levels;  // From low to high, at least one.
  std::vector<OverrideSpec> overrides;
  NoDataPolicy on_no_data = NoDataPolicy::kKeep;
  base::DurationMs forget_after = base::Days(1);
};
using ConditionSpecPtr = std::shared_ptr<const ConditionSpec>;

// Calls `visit` for each signal, those of overrides included; what an override leaves as it is comes again.
template <typename Visit>
void ForEachSignalSpec(const ConditionSpec& conditions, Visit visit) {
  for (const SignalSpec& signal : conditions.signals) visit(signal);
  for (const OverrideSpec& entry : conditions.overrides) {
    for (const SignalSpec& signal : entry.signals) visit(signal);
  }
}
// Likewise each level.
template <typename Visit>
void ForEachLevelSpec(const ConditionSpec& conditions, Visit visit) {
  for (const LevelSpec& level : conditions.levels) visit(level);
  for (const OverrideSpec& entry : conditions.overrides) {
    for (const LevelSpec& level : entry.levels) visit(level);
  }
}

// Another alert that explains this one.
struct DependencySpec {
  std::string alert;
  Through through = Through::kLabels;
  std::vector<std::string> equal;  // Labels on which both agree; kLabels only.
  base::DurationMs wait = base::Seconds(45);
  base::DurationMs extension = base::Minutes(2);
  base::DurationMs max = base::Hours(4);
  yaml::YamlPosition position;
};

}  // namespace bellwether::rules
