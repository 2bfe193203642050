// promql/functions/histogram_over_time.h
//
// Sum and mean of the native histograms of a window that has no floats. Null: none, the reason is annotated.
#pragma once

#include "promql/functions/range_function.h"

namespace bellwether::promql {

[[nodiscard]] HistogramPtr SumOfHistograms(const RangeCall& call, const SeriesSamples& series, const Window& w);
[[nodiscard]] HistogramPtr MeanOfHistograms(const RangeCall& call, const SeriesSamples& series, const Window& w);

}  // namespace bellwether::promql
