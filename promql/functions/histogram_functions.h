// promql/functions/histogram_functions.h
//
// histogram_quantile and its kin. Quantiles and fractions take classic and native histograms, the rest native ones
// only.
#pragma once

#include "promql/functions/function_call.h"

namespace bellwether::promql {

[[nodiscard]] base::Status HistogramQuantileFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status HistogramQuantilesFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status HistogramFractionFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);

// "histogram_count", "histogram_avg", ...: a number of a native histogram; null if there is none of this name.
using HistogramMap = double (*)(const metric::NativeHistogram&);
[[nodiscard]] HistogramMap FindHistogramMap(std::string_view name);
[[nodiscard]] base::Status MapHistograms(FunctionCall& call, QueryContext& context, const RowSink& sink,
                                         HistogramMap map);

}  // namespace bellwether::promql
