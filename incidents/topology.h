// incidents/topology.h
//
// What depends on what: pipelines, models, endpoints and whatever else a team names, and on which of them each depends.
//
// A component has a kind and a name, and is the label of that kind in series and alerts: {model="fraud"} is about the
// model fraud. Names are unique among those of a kind. Declared dependencies form no cycles; that is a fault where they
// are read. A component that needs only some of several (two of three replicas) says so in one dependency on all of
// them.
//
// Immutable; thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "metric/component.h"
#include "metric/labels.h"

namespace bellwether::incidents {

using metric::ComponentId;

struct Dependency {
  std::vector<ComponentId> on;  // Not empty.
  std::size_t need = 1;         // So many of them must be well; all of them, if there is but one.
  friend bool operator==(const Dependency&, const Dependency&) = default;
};

struct Component {
  ComponentId id;
  std::vector<Dependency> depends_on;
  friend bool operator==(const Component&, const Component&) = default;
};

// A component upstream of another, and over how many dependencies, by the shortest way.
struct Upstream {
  ComponentId id;
  int hops = 0;
  friend bool operator==(const Upstream&, const Upstream&) = default;
};

class Topology {
 public:
  Topology() = default;
  // `components` come from ParseTopology: without duplicates, unknown names and cycles.
  explicit Topology(std::vector<Component> components);

  [[nodiscard]] const std::vector<Component>& components() const { return components_; }  // By kind, then name.
  // Null if there is no such component.
  [[nodiscard]] const Component* Find(const ComponentId& id) const;

  // The components that labels name.
  [[nodiscard]] std::vector<ComponentId> NamedBy(const metric::Labels& labels) const;
  // What `id` depends on, directly or not, nearest first, then by kind and name; without itself.
  [[nodiscard]] std::vector<Upstream> UpstreamOf(const ComponentId& id) const;

 private:
  std::vector<Component> components_;
  std::map<ComponentId, std::size_t> index_;
};

// Reads components from the YAML (or JSON) document `text`, found at the key `path`, or at its top if `path` is empty:
//   components: [{kind: model, name: fraud, depends_on: [feature_store, {any_of: [gpu_a, gpu_b], need: 1}]}]
// Dependencies name components of the document or of `others`, as NAME or, where several kinds have it, KIND/NAME.
// kInvalidArgument lists every fault as FILE: LINE:COLUMN: ..., one a line.
[[nodiscard]] base::Result<std::vector<Component>> ParseTopology(const std::string& file, std::string_view text,
                                                                 std::string_view path,
                                                                 std::span<const Component> others = {});

// The series by which queries follow dependencies, one for each pair of a component and one upstream of it:
// bellwether_depends_info{model="fraud", upstream_kind="pipeline", upstream="feature_store", hops="1"}.
[[nodiscard]] std::vector<metric::Labels> DependsInfoSeries(const Topology& topology);

}  // namespace bellwether::incidents
