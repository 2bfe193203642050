#include "server/joints.h"

#include <set>

namespace bellwether::server {

std::vector<metric::ComponentId> RuleTopology::UpstreamOf(const metric::Labels& instance) const {
  const auto topology = current_();
  std::set<metric::ComponentId> upstream;
  for (const incidents::ComponentId& id : topology->NamedBy(instance)) {
    for (const incidents::Upstream& above : topology->UpstreamOf(id)) upstream.insert(above.id);
  }
  return {upstream.begin(), upstream.end()};
}

std::vector<incidents::RuleDependencies> DependenciesOf(const std::vector<rules::GroupSnapshot>& groups) {
  std::vector<incidents::RuleDependencies> rules;
  for (const rules::GroupSnapshot& group : groups) {
    for (const rules::RuleSnapshot& rule : group.rules) {
      if (rule.depends_on.empty()) continue;
      incidents::RuleDependencies& of_rule = rules.emplace_back();
      of_rule.rule = group.file + ";" + group.name + ";" + rule.name;
      metric::LabelsBuilder fixed;
      for (const metric::LabelView& label : rule.labels) {
        if (label.value.find("{{") == std::string_view::npos) fixed.Set(label.name, label.value);
      }
      of_rule.labels = fixed.Build();
      for (const rules::DependencySnapshot& d : rule.depends_on) {
        of_rule.depends_on.push_back({d.alert, d.through_topology, d.equal, {d.wait, d.extension, d.max}});
      }
    }
  }
  return rules;
}

}  // namespace bellwether::server
