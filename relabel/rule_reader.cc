#include "relabel/rule_reader.h"

#include <string>
#include <utility>

#include <fmt/format.h>

namespace bellwether::relabel {
namespace {

// Absent differs from empty: an empty replacement removes the label.
std::optional<std::string> OptionalText(yaml::FieldReader& fields, std::string_view key) {
  if (fields.Find(key) == nullptr) return std::nullopt;
  return fields.Text(key);
}

RuleSpec ReadSpec(const yaml::YamlNode& node, yaml::FaultList& faults) {
  yaml::FieldReader fields(node, "a relabel configuration", faults);
  RuleSpec spec;
  if (const std::string action = fields.Text("action"); !action.empty()) {
    if (const auto known = ParseAction(action)) {
      spec.action = *known;
    } else {
      faults.Add(fields.PositionOf("action"), fmt::format("unknown relabel action \"{}\"", action));
    }
  }
  if (fields.Find("source_labels") != nullptr) {
    spec.source_labels.emplace();
    for (const yaml::YamlNode& label : fields.List("source_labels")) spec.source_labels->push_back(label.scalar);
  }
  spec.separator = OptionalText(fields, "separator");
  spec.regex = OptionalText(fields, "regex");
  spec.replacement = OptionalText(fields, "replacement");
  spec.target_label = fields.Text("target_label");
  if (const auto modulus = fields.Integer("modulus")) {
    if (*modulus < 0) faults.Add(fields.PositionOf("modulus"), "field 'modulus' must not be negative");
    spec.modulus = static_cast<std::uint64_t>(std::max<std::int64_t>(*modulus, 0));
  }
  constexpr std::string_view kKnown[] = {"action",  "source_labels", "separator",  "regex",
                                         "modulus", "target_label",  "replacement"};
  fields.RefuseUnknown(kKnown, {});
  return spec;
}

}  // namespace

std::vector<Rule> ReadRules(std::span<const yaml::YamlNode> nodes, yaml::FaultList& faults) {
  std::vector<Rule> rules;
  rules.reserve(nodes.size());
  for (const yaml::YamlNode& node : nodes) {
    base::Result<Rule> rule = Rule::Make(ReadSpec(node, faults));
    if (rule.ok()) {
      rules.push_back(*std::move(rule));
    } else {
      faults.Add(node.position, rule.status().message());
    }
  }
  return rules;
}

}  // namespace bellwether::relabel
