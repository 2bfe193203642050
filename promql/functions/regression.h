// promql/functions/regression.h
//
// Trends: deriv, predict_linear (least squares), double_exponential_smoothing.
#pragma once

#include "promql/functions/range_function.h"

namespace bellwether::promql {

[[nodiscard]] base::Status DerivKernel(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status PredictLinearKernel(const RangeCall& call, const SeriesSamples& series, Row& out);
// Errors: kExecution when a factor is not between 0 and 1.
[[nodiscard]] base::Status DoubleExponentialSmoothing(const RangeCall& call, const SeriesSamples& series, Row& out);

}  // namespace bellwether::promql
