// promql/functions/over_time.h
//
// The *_over_time family: one value from the samples of each window.
#pragma once

#include "promql/functions/range_function.h"

namespace bellwether::promql {

[[nodiscard]] base::Status SumOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status AvgOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status MinOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status MaxOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status CountOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status PresentOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status StddevOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status StdvarOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status QuantileOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status MadOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status FirstOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status LastOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status TsOfFirstOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status TsOfLastOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status TsOfMinOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);
[[nodiscard]] base::Status TsOfMaxOverTime(const RangeCall& call, const SeriesSamples& series, Row& out);

}  // namespace bellwether::promql
