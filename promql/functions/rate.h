// promql/functions/rate.h
//
// rate, increase, delta, irate, idelta.
#pragma once

#include "promql/functions/range_function.h"

namespace bellwether::promql {

[[nodiscard]] base::Status RateKernel(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status IncreaseKernel(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status DeltaKernel(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status IrateKernel(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status IdeltaKernel(const RangeCall& call, const SeriesSamples& series, Row& out);

}  // namespace bellwether::promql
