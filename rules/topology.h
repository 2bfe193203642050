// rules/topology.h
//
// What depends on what, as far as rules ask: which components stand upstream of an instance.
#pragma once

#include <string>
#include <vector>

#include "metric/labels.h"

namespace bellwether::rules {

// A component is named by a label: {pipeline="feature_store"}.
struct Component {
  std::string kind;  // The label's name.
  std::string name;
  friend auto operator<=>(const Component&, const Component&) = default;
};

class Topology {
 public:
  virtual ~Topology() = default;

  // The components on which those named by the labels of `instance` depend, directly or not; without these themselves.
  // Thread-safe.
  [[nodiscard]] virtual std::vector<Component> UpstreamOf(const metric::Labels& instance) const = 0;
};

}  // namespace bellwether::rules
