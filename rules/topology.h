// rules/topology.h
//
// What depends on what, as far as rules ask: which components stand upstream of an instance.
#pragma once

#include <vector>

#include "metric/component.h"
#include "metric/labels.h"

namespace bellwether::rules {

class Topology {
 public:
  virtual ~Topology() = default;

  // The components on which those named by the labels of `instance` depend, directly or not; without these themselves.
  // Thread-safe.
  [[nodiscard]] virtual std::vector<metric::ComponentId> UpstreamOf(const metric::Labels& instance) const = 0;
};

}  // namespace bellwether::rules
