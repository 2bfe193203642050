#include "incidents/topology.h"

#include <algorithm>
#include <deque>
#include <set>
#include <tuple>
#include <utility>

namespace bellwether::incidents {

Topology::Topology(std::vector<Component> components) : components_(std::move(components)) {
  std::sort(components_.begin(), components_.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  for (std::size_t i = 0; i < components_.size(); ++i) index_.emplace(components_[i].id, i);
}

const Component* Topology::Find(const ComponentId& id) const {
  const auto it = index_.find(id);
  return it == index_.end() ? nullptr : &components_[it->second];
}

std::vector<ComponentId> Topology::NamedBy(const metric::Labels& labels) const {
  std::vector<ComponentId> named;
  for (const metric::LabelView& label : labels) {
    ComponentId id{.kind = std::string(label.name), .name = std::string(label.value)};
    if (index_.contains(id)) named.push_back(std::move(id));
  }
  return named;
}

std::vector<Upstream> Topology::UpstreamOf(const ComponentId& id) const {
  std::vector<Upstream> found;
  std::set<ComponentId> seen = {id};
  std::deque<Upstream> open = {{.id = id, .hops = 0}};
  while (!open.empty()) {
    const Upstream at = std::move(open.front());
    open.pop_front();
    if (at.hops > 0) found.push_back(at);
    const Component* component = Find(at.id);
    if (component == nullptr) continue;
    for (const Dependency& dependency : component->depends_on) {
      for (const ComponentId& on : dependency.on) {
        if (seen.insert(on).second) open.push_back({.id = on, .hops = at.hops + 1});
      }
    }
  }
  std::sort(found.begin(), found.end(),
            [](const Upstream& a, const Upstream& b) { return std::tie(a.hops, a.id) < std::tie(b.hops, b.id); });
  return found;
}

std::vector<metric::Labels> DependsInfoSeries(const Topology& topology) {
  std::vector<metric::Labels> series;
  for (const Component& component : topology.components()) {
    for (const Upstream& upstream : topology.UpstreamOf(component.id)) {
      series.push_back(metric::Labels{{metric::kMetricName, "bellwether_depends_info"},
                                      {component.id.kind, component.id.name},
                                      {"upstream_kind", upstream.id.kind},
                                      {"upstream", upstream.id.name},
                                      {"hops", std::to_string(upstream.hops)}});
    }
  }
  return series;
}

}  // namespace bellwether::incidents
