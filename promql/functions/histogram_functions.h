// promql/functions/histogram_functions.h
//
// histogram_count and its like, which look at native histograms alone; and histogram_quantile, histogram_quantiles and
// histogram_fraction, which take classic ones as well. The arithmetic is promql/histogram's.
#pragma once

#include "promql/functions/function_call.h"

namespace bellwether::promql {

// The function of this name that maps a native histogram to a float ("histogram_count", ...); null if there is none.
using HistogramMap = double (*)(const metric::NativeHistogram&);
[[nodiscard]] HistogramMap FindHistogramMap(std::string_view name);

// The histogram cells of the first argument through `map`; floats and names are dropped.
[[nodiscard]] base::Status MapHistograms(FunctionCall& call, QueryContext& context, const RowSink& sink,
                                         HistogramMap map);

[[nodiscard]] base::Status HistogramQuantileFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status HistogramQuantilesFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status HistogramFractionFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);

}  // namespace bellwether::promql
