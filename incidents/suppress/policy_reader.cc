// The settings of suppression, from a configuration file: every fault with its place.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/quote.h"
#include "incidents/suppression.h"
#include "yaml/field_reader.h"
#include "yaml/suggestion.h"
#include "yaml/yaml_tree.h"

namespace bellwether::incidents {
namespace {

using yaml::FieldReader;
using yaml::YamlNode;

constexpr auto kPolicyKeys =
    std::to_array<std::string_view>({"hops", "blocking_severity", "grace", "wait", "extension", "max"});
constexpr std::int64_t kHopsMax = 10;

void ReadBlockingSeverity(FieldReader& fields, SuppressionPolicy& policy, yaml::FaultList& faults) {
  const auto& known = policy.severities;
  if (fields.Find("blocking_severity") == nullptr) {
    const bool has_default = std::find(known.begin(), known.end(), policy.blocking_severity) != known.end();
    if (!has_default && !known.empty()) policy.blocking_severity = known.back();
    return;
  }
  policy.blocking_severity = fields.Text("blocking_severity");
  if (std::find(known.begin(), known.end(), policy.blocking_severity) != known.end()) return;
  faults.Add(fields.PositionOf("blocking_severity"),
             fmt::format("there is no severity {}: it must be one of {}", base::Quote(policy.blocking_severity),
                         fmt::join(known, ", ")));
}

// The value of `key`; null if there is none. Of what is no mapping others complain.
const YamlNode* FindIn(const YamlNode& node, std::string_view key) {
  const auto field = std::find_if(node.fields.begin(), node.fields.end(), [&](const auto& f) { return f.key == key; });
  return field == node.fields.end() || field->value.kind == YamlNode::Kind::kNull ? nullptr : &field->value;
}

SuppressionPolicy ReadPolicy(const YamlNode& node, SuppressionPolicy policy, yaml::FaultList& faults) {
  FieldReader fields(node, "suppression", faults);
  fields.RefuseUnknown(kPolicyKeys, {});
  if (const auto hops = fields.Integer("hops")) {
    policy.hops_max = static_cast<int>(std::clamp<std::int64_t>(*hops, 0, kHopsMax));
    if (*hops != policy.hops_max) {
      faults.Add(fields.PositionOf("hops"), fmt::format("hops must be from 0 to {}", kHopsMax));
    }
  }
  ReadBlockingSeverity(fields, policy, faults);
  policy.grace = fields.Duration("grace").value_or(policy.grace);
  policy.timers.wait = fields.Duration("wait").value_or(policy.timers.wait);
  policy.timers.extension = fields.Duration("extension").value_or(policy.timers.extension);
  policy.timers.max = fields.Duration("max").value_or(policy.timers.max);
  return policy;
}

}  // namespace

base::Result<SuppressionPolicy> ParseSuppressionPolicy(const std::string& file, std::string_view text,
                                                       std::string_view path, std::vector<std::string> severities) {
  const yaml::YamlDocument document = yaml::ReadYaml(text);
  yaml::FaultList faults(file);
  for (const yaml::YamlFault& fault : document.faults) faults.Add(fault.position, fault.text);
  SuppressionPolicy policy;
  policy.severities = std::move(severities);
  YamlNode absent;
  absent.kind = YamlNode::Kind::kMapping;
  const YamlNode* section = FindIn(document.root, path);
  const YamlNode* found = section == nullptr ? nullptr : FindIn(*section, "suppression");
  policy = ReadPolicy(found != nullptr ? *found : absent, std::move(policy), faults);
  const std::vector<std::string> all = faults.Take();
  if (!all.empty()) return base::InvalidArgument(fmt::format("{}", fmt::join(all, "\n")));
  return policy;
}

}  // namespace bellwether::incidents
