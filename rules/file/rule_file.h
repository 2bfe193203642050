// rules/file/rule_file.h
//
// A rule file, read and checked: groups of rules with parsed expressions. Keys are strict, all faults of a file are
// found at once, and each says where it is, what is wrong and, for a misspelled key, what was probably meant.
//
// A Prometheus rule file is read as Prometheus reads it. What Bellwether adds is in rules/file/condition_spec.h
// (levels, signals) and rules/file/slo_reader.h (objectives, which become several rules here).
//
// Source: Prometheus model/rulefmt; faults carry its texts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "promql/parser/ast.h"
#include "rules/file/condition_spec.h"
#include "rules/rule_check.h"
#include "rules/rule_text.h"
#include "rules/state/alert_state.h"

namespace bellwether::rules {

// Label or annotation texts by name. Unlike a label set it may hold empty values: such a label removes.
using TextMap = std::map<std::string, std::string, std::less<>>;

enum class RuleKind : std::uint8_t { kRecording, kAlerting };

struct RuleSpec {
  RuleKind kind = RuleKind::kRecording;
  std::string name;       // What it records, or the alert's name.
  std::string expr_text;  // As written; positions in the engine's annotations refer to it.
  promql::ExprPtr expr;   // Null in a file without faults for composite rules alone.
  std::string query;      // Canonical text; of a composite rule its ALERTS series.
  TextMap labels;         // The group's and the rule's, the rule's winning.
  TextMap annotations;
  HoldPolicy hold;
  ConditionSpecPtr conditions;  // Null for a rule that behaves as in Prometheus.
  std::vector<DependencySpec> depends_on;
  std::string source;         // Equal for rules that are written alike.
  bool is_generated = false;  // Not written as a rule: what the alert of an objective needs.
};

struct GroupSpec {
  std::string name;
  std::optional<base::DurationMs> interval;  // Nothing or 0: the default one.
  std::optional<base::DurationMs> query_offset;
  std::size_t limit = 0;  // 0: none.
  std::vector<RuleSpec> rules;
};

struct RuleFile {
  std::string path;
  std::vector<GroupSpec> groups;
  std::vector<std::string> warnings;  // "FILE: ..." each.
  std::vector<std::string> faults;    // "FILE: LINE:COLUMN: ..." each, in order of the file; empty if it is good.

  [[nodiscard]] std::size_t RuleCount() const;  // As written.
  // OK, or all faults, a line each (kInvalidArgument).
  [[nodiscard]] base::Status status() const;
};

// How often the group is evaluated.
[[nodiscard]] base::DurationMs IntervalOf(const GroupSpec& group, base::DurationMs default_interval);

// Calls `visit` for every expression that the rule evaluates: its own, those of its signals, and what clears them,
// overrides included.
void ForEachExpr(const RuleSpec& rule, const std::function<void(const promql::Expr& expr)>& visit);

// The severity of its highest level, or that of its labels; empty if it has none.
[[nodiscard]] std::string WorstSeverity(const RuleSpec& rule);

// All of them, or the faults of all, a line each (kInvalidArgument).
[[nodiscard]] base::Result<std::vector<RuleFile>> ReadRuleTexts(std::span<const RuleText> texts,
                                                                const RuleFileOptions& options);
// Reads the text of the file `path` (a name for messages).
[[nodiscard]] RuleFile ReadRuleText(const std::string& path, std::string_view text, const RuleFileOptions& options);
// Reads the file; one that cannot be read has one fault.
[[nodiscard]] RuleFile ReadRuleFile(const std::string& path, const RuleFileOptions& options);

// Rules of one file with equal names and labels, as `check rules` lints them: a text for each, without a full stop.
[[nodiscard]] std::vector<std::string> FindDuplicateRules(const RuleFile& file);

}  // namespace bellwether::rules
