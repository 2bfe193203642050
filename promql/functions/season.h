// promql/functions/season.h
//
// The samples of a range by their phase in a season.
#pragma once

#include <span>

#include "base/time.h"

namespace bellwether::promql {

// The robust score (judge/seasonal.h) of the last sample against those a whole number of periods before it. Samples
// need not be exactly a period apart: each phase takes the nearest one within half of the usual distance between
// samples. The deviation is at least the median of the deviations of all phases. NaN with fewer than three periods of
// history, or more periods than samples.
[[nodiscard]] double SeasonalScoreOfLast(std::span<const base::TimestampMs> times, std::span<const double> values,
                                         base::DurationMs period);

}  // namespace bellwether::promql
