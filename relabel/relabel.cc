#include "relabel/relabel.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/md5.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "metric/anchored_regex.h"
#include "template/casing.h"

namespace bellwether::relabel {
namespace {

constexpr std::string_view kDefaultSeparator = ";";
constexpr std::string_view kDefaultRegex = "(.*)";
constexpr std::string_view kDefaultReplacement = "$1";

constexpr std::array<std::pair<Action, std::string_view>, 11> kActions = {{{Action::kReplace, "replace"},
                                                                           {Action::kKeep, "keep"},
                                                                           {Action::kDrop, "drop"},
                                                                           {Action::kKeepEqual, "keepequal"},
                                                                           {Action::kDropEqual, "dropequal"},
                                                                           {Action::kHashMod, "hashmod"},
                                                                           {Action::kLabelMap, "labelmap"},
                                                                           {Action::kLabelDrop, "labeldrop"},
                                                                           {Action::kLabelKeep, "labelkeep"},
                                                                           {Action::kLowercase, "lowercase"},
                                                                           {Action::kUppercase, "uppercase"}}};

bool IsLabelName(std::string_view name) { return !name.empty() && base::IsValidUtf8(name); }

bool SetsTarget(Action action) {
  return action == Action::kReplace || action == Action::kHashMod || action == Action::kLowercase ||
         action == Action::kUppercase || action == Action::kKeepEqual || action == Action::kDropEqual;
}

bool ComparesTarget(Action action) { return action == Action::kKeepEqual || action == Action::kDropEqual; }

// Whether a field was given a value other than its default.
bool Differs(const std::optional<std::string>& field, std::string_view standard) {
  return field.has_value() && *field != standard;
}

base::Status CheckTarget(const RuleSpec& spec) {
  const std::string_view action = ActionText(spec.action);
  if (spec.target_label.empty()) {
    return base::InvalidArgument(
        fmt::format("relabel configuration for {} action requires 'target_label' value", action));
  }
  // The target of a replacement may name groups, which say their part of the name only later.
  const std::string target =
      spec.action == Action::kReplace ? metric::WithoutGroupReferences(spec.target_label) : spec.target_label;
  if (!IsLabelName(target)) {
    return base::InvalidArgument(
        fmt::format("{} is invalid 'target_label' for {} action", base::Quote(spec.target_label), action));
  }
  return base::OkStatus();
}

base::Status CheckSpec(const RuleSpec& spec) {
  const std::string_view action = ActionText(spec.action);
  if (spec.action == Action::kHashMod && spec.modulus == 0) {
    return base::InvalidArgument("relabel configuration for hashmod requires non-zero modulus");
  }
  if (SetsTarget(spec.action)) BW_RETURN_IF_ERROR(CheckTarget(spec));
  const bool other_texts =
      Differs(spec.separator, kDefaultSeparator) || Differs(spec.replacement, kDefaultReplacement) || spec.modulus != 0;
  if (ComparesTarget(spec.action) && (other_texts || Differs(spec.regex, kDefaultRegex))) {
    return base::InvalidArgument(
        fmt::format("{} action requires only 'source_labels' and `target_label`, and no other fields", action));
  }
  const bool changes_case = spec.action == Action::kLowercase || spec.action == Action::kUppercase;
  if (changes_case && Differs(spec.replacement, kDefaultReplacement)) {
    return base::InvalidArgument(fmt::format("'replacement' can not be set for {} action", action));
  }
  if (spec.action == Action::kLabelMap &&
      !IsLabelName(metric::WithoutGroupReferences(spec.replacement.value_or(std::string(kDefaultReplacement))))) {
    return base::InvalidArgument(
        fmt::format("{} is invalid 'replacement' for {} action", base::Quote(spec.replacement.value_or("")), action));
  }
  const bool names_only = spec.action == Action::kLabelDrop || spec.action == Action::kLabelKeep;
  if (names_only && (other_texts || spec.source_labels.has_value() || !spec.target_label.empty())) {
    return base::InvalidArgument(fmt::format("{} action requires only 'regex', and no other fields", action));
  }
  return base::OkStatus();
}

}  // namespace

std::string_view ActionText(Action action) {
  const auto it =
      std::find_if(kActions.begin(), kActions.end(), [&](const auto& entry) { return entry.first == action; });
  return it->second;
}

std::optional<Action> ParseAction(std::string_view text) {
  const std::string lower = templating::ToLowerText(text);
  for (const auto& [action, name] : kActions) {
    if (name == lower) return action;
  }
  return std::nullopt;
}

struct Rule::Parts {
  Parts(const RuleSpec& spec, metric::AnchoredRegex compiled)
      : action(spec.action),
        source_labels(spec.source_labels.value_or(std::vector<std::string>())),
        separator(spec.separator.value_or(std::string(kDefaultSeparator))),
        replacement(spec.replacement.value_or(std::string(kDefaultReplacement))),
        target_label(spec.target_label),
        modulus(spec.modulus),
        regex_is_default(!Differs(spec.regex, kDefaultRegex)),
        names_no_group(!metric::HasGroupReference(target_label) && !metric::HasGroupReference(replacement)),
        regex(std::move(compiled)) {}

  [[nodiscard]] std::string SourceText(const metric::LabelsBuilder& labels) const {
    std::string out;
    for (std::size_t i = 0; i < source_labels.size(); ++i) {
      if (i > 0) out += separator;
      out += labels.Get(source_labels[i]);
    }
    return out;
  }

  void Replace(const std::string& source, metric::LabelsBuilder& labels) const {
    if (source.empty() && regex_is_default && names_no_group) {
      labels.Set(target_label, replacement);
      return;
    }
    const auto match = regex.Find(source);
    if (!match) return;
    const std::string target = match->Expand(target_label);
    if (IsLabelName(target)) labels.Set(target, match->Expand(replacement));
  }

  void ChangeNames(metric::LabelsBuilder& labels) const {
    const metric::Labels before = labels.Build();
    for (const metric::LabelView& label : before) {
      if (action == Action::kLabelMap) {
        if (const auto match = regex.Find(label.name)) labels.Set(match->Expand(replacement), label.value);
      } else if (regex.Matches(label.name) == (action == Action::kLabelDrop)) {
        labels.Remove(label.name);
      }
    }
  }

  // As Prometheus does, from the last eight bytes of the digest.
  [[nodiscard]] std::string HashRemainder(const std::string& source) const {
    const auto digest = base::Md5(source);
    std::uint64_t hash = 0;
    for (std::size_t i = 8; i < digest.size(); ++i) hash = hash << 8 | digest[i];
    return std::to_string(hash % modulus);
  }

  const Action action;
  const std::vector<std::string> source_labels;
  const std::string separator;
  const std::string replacement;
  const std::string target_label;
  const std::uint64_t modulus;
  const bool regex_is_default;
  const bool names_no_group;
  const metric::AnchoredRegex regex;
};

base::Result<Rule> Rule::Make(const RuleSpec& spec) {
  BW_RETURN_IF_ERROR(CheckSpec(spec));
  BW_ASSIGN_OR_RETURN(metric::AnchoredRegex regex,
                      metric::AnchoredRegex::Make(spec.regex.value_or(std::string(kDefaultRegex))));
  return Rule(std::make_shared<const Parts>(spec, std::move(regex)));
}

bool Rule::Apply(metric::LabelsBuilder& labels) const {
  const Parts& parts = *parts_;
  const std::string source = parts.SourceText(labels);
  switch (parts.action) {
    case Action::kKeep: return parts.regex.Matches(source);
    case Action::kDrop: return !parts.regex.Matches(source);
    case Action::kKeepEqual: return labels.Get(parts.target_label) == source;
    case Action::kDropEqual: return labels.Get(parts.target_label) != source;
    case Action::kReplace: parts.Replace(source, labels); break;
    case Action::kLowercase: labels.Set(parts.target_label, templating::ToLowerText(source)); break;
    case Action::kUppercase: labels.Set(parts.target_label, templating::ToUpperText(source)); break;
    case Action::kHashMod: labels.Set(parts.target_label, parts.HashRemainder(source)); break;
    case Action::kLabelMap:
    case Action::kLabelDrop:
    case Action::kLabelKeep: parts.ChangeNames(labels); break;
  }
  return true;
}

std::optional<metric::Labels> Relabel(const metric::Labels& labels, std::span<const Rule> rules) {
  if (rules.empty()) return labels;
  metric::LabelsBuilder builder(labels);
  for (const Rule& rule : rules) {
    if (!rule.Apply(builder)) return std::nullopt;
  }
  return builder.Build();
}

}  // namespace bellwether::relabel
