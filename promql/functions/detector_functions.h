// promql/functions/detector_functions.h
//
// Change detectors over a range: folds over its samples, which begin at the first of each window. So the same window
// has the same result, whatever was asked before. NaN samples are left out.
#pragma once

#include "promql/functions/range_function.h"

namespace bellwether::promql {

[[nodiscard]] base::Status CusumOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status PageHinkleyOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status AdwinOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status HddmOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status EwmaOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status SkewnessOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status SeasonalZscore(const RangeCall& call, const SeriesSamples& series, Row& out);

}  // namespace bellwether::promql
