// promql/functions/extended_rate.h
//
// rate, increase and delta over anchored and smoothed ranges: exact at the boundaries, by the sample before the range
// (anchored) or by interpolation across it (smoothed), so nothing is extrapolated.
#pragma once

#include "promql/functions/histogram_rate.h"
#include "promql/functions/range_function.h"

namespace bellwether::promql {

// False if there is no result.
[[nodiscard]] bool ExtendedFloatRate(const RangeCall& call, const FloatColumn& floats, const Window& w, RateKind kind,
                                     double& result);
[[nodiscard]] HistogramPtr ExtendedHistogramRate(const RangeCall& call, const SeriesSamples& series, const Window& w,
                                                 RateKind kind);

}  // namespace bellwether::promql
