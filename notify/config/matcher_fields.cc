// The keys under which a mapping lists matchers.
#include <algorithm>

#include <fmt/format.h>

#include "notify/config/config_reader.h"
#include "notify/config/matcher_text.h"

namespace bellwether::notify {
namespace {

using yaml::YamlNode;

bool IsClassicName(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

struct MatcherCollector {
  ReadContext& context;
  std::vector<metric::Matcher> matchers = {};

  // Of the deprecated maps, whose names are the old ones.
  void Add(metric::MatchOp op, const std::string& name, const std::string& value, yaml::YamlPosition position) {
    if (!IsClassicName(name)) {
      context.faults.Add(position, fmt::format("invalid label name \"{}\": here letters, digits and underscores are "
                                               "allowed, others in 'matchers'",
                                               name));
      return;
    }
    auto matcher = metric::Matcher::Make(op, name, value);
    if (matcher.ok()) {
      matchers.push_back(std::move(matcher).value());
    } else {
      context.faults.Add(position, matcher.status().message());
    }
  }

  void AddText(const YamlNode& node) {
    if (node.kind != YamlNode::Kind::kScalar) {
      context.faults.Add(node.position, "a matcher must be text, as in 'team=\"ml\"'");
      return;
    }
    std::string warning;
    auto parsed = ParseMatchers(node.scalar, context.options.matchers, warning);
    if (!parsed.ok()) {
      context.faults.Add(node.position, parsed.status().message());
      return;
    }
    if (!warning.empty()) context.Warn(node.position, warning);
    for (metric::Matcher& m : *parsed) matchers.push_back(std::move(m));
  }
};

}  // namespace

std::vector<metric::Matcher> ReadMatchers(yaml::FieldReader& fields, const std::string& prefix, ReadContext& context) {
  MatcherCollector out{context};
  if (const YamlNode* node = fields.Find(prefix + "match"); node != nullptr) {
    for (const auto& [name, value] : fields.Texts(prefix + "match")) {
      out.Add(metric::MatchOp::kEqual, name, value, node->position);
    }
  }
  if (const YamlNode* node = fields.Find(prefix + "match_re"); node != nullptr) {
    for (const yaml::YamlField& field : node->fields) {
      if (field.value.kind != YamlNode::Kind::kScalar) {
        context.faults.Add(field.value.position, fmt::format("invalid regexp value for \"{}\"", field.key));
        continue;
      }
      // Anchored, as Alertmanager has it in group keys: incidents that are open elsewhere are known by these.
      out.Add(metric::MatchOp::kRegex, field.key, "^(?:" + field.value.scalar + ")$", field.value.position);
    }
  }
  for (const YamlNode& node : fields.List(prefix + "matchers")) out.AddText(node);
  return std::move(out.matchers);
}

std::vector<InhibitRule> ReadInhibitRules(std::span<const YamlNode> rules, ReadContext& context) {
  std::vector<InhibitRule> out;
  for (const YamlNode& node : rules) {
    yaml::FieldReader fields(node, "an inhibition rule", context.faults);
    InhibitRule rule;
    rule.name = fields.Text("name");
    rule.source = ReadMatchers(fields, "source_", context);
    rule.target = ReadMatchers(fields, "target_", context);
    for (const YamlNode& label : fields.List("equal")) {
      if (label.kind != YamlNode::Kind::kScalar || label.scalar.empty()) {
        context.faults.Add(label.position, "'equal' lists label names");
      } else {
        rule.equal.push_back(label.scalar);
      }
    }
    constexpr std::string_view kKnown[] = {
        "name",         "source_matchers", "source_match", "source_match_re", "target_matchers",
        "target_match", "target_match_re", "equal"};
    fields.RefuseUnknown(kKnown, {});
    out.push_back(std::move(rule));
  }
  return out;
}

}  // namespace bellwether::notify
