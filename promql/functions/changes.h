// promql/functions/changes.h
//
// How often a series changed its value or fell back: changes, resets.
#pragma once

#include "promql/functions/range_function.h"

namespace bellwether::promql {

[[nodiscard]] base::Status ChangesKernel(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status ResetsKernel(const RangeCall& call, const SeriesSamples& series, Row& out);

}  // namespace bellwether::promql
