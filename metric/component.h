// metric/component.h
//
// A thing that others may depend on (a pipeline, a model, an endpoint), as series and alerts name it: by a label,
// {model="fraud"}.
#pragma once

#include <compare>
#include <string>

namespace bellwether::metric {

struct ComponentId {
  std::string kind;  // The label's name.
  std::string name;  // Its value; unique among those of a kind.
  friend auto operator<=>(const ComponentId&, const ComponentId&) = default;
};

}  // namespace bellwether::metric
