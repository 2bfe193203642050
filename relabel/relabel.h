// relabel/relabel.h
//
// Relabelling, as Prometheus configurations write it: a list of rules, each of which changes a label set, or drops what
// carries it. Used on the targets that a discovery finds and on the alerts that are sent.
//
// Rules see the labels as the rules before them left them. Regular expressions are RE2's, anchored at both ends; `$1`,
// `${1}` and `${name}` stand for what their groups found, `$$` for a dollar. A rule that would set an empty value
// removes the label.
//
// Source: Prometheus model/relabel.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "metric/labels.h"

namespace bellwether::relabel {

enum class Action : std::uint8_t {
  kReplace,
  kKeep,
  kDrop,
  kKeepEqual,
  kDropEqual,
  kHashMod,
  kLabelMap,
  kLabelDrop,
  kLabelKeep,
  kLowercase,
  kUppercase,
};

// "replace", "keepequal", ...
[[nodiscard]] std::string_view ActionText(Action action);
// Any case; nothing if there is no such action.
[[nodiscard]] std::optional<Action> ParseAction(std::string_view text);

// A rule as it is written; what is absent has its default.
struct RuleSpec {
  Action action = Action::kReplace;
  std::optional<std::vector<std::string>> source_labels;  // Joined by the separator.
  std::optional<std::string> separator;                   // ";"
  std::optional<std::string> regex;                       // "(.*)"
  std::optional<std::string> replacement;                 // "$1"
  std::string target_label;
  std::uint64_t modulus = 0;
};

// Immutable, cheap to copy, thread-safe.
class Rule {
 public:
  // kInvalidArgument, in Prometheus's words, if fields are missing, superfluous for the action, or malformed.
  static base::Result<Rule> Make(const RuleSpec& spec);

  // False: what carries the labels is to be dropped.
  [[nodiscard]] bool Apply(metric::LabelsBuilder& labels) const;

 private:
  struct Parts;
  explicit Rule(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}

  std::shared_ptr<const Parts> parts_;
};

// `labels` after all rules; nothing if one of them drops it.
[[nodiscard]] std::optional<metric::Labels> Relabel(const metric::Labels& labels, std::span<const Rule> rules);

}  // namespace bellwether::relabel
