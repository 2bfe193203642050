// judge/seasonal.h
//
// Whether a value is unusual for this hour: its distance from the median of the same phase in earlier periods, in
// robust standard deviations (1.4826 times the median absolute deviation).
#pragma once

#include <vector>

#include "judge/distribution.h"

namespace bellwether::judge {

// Fewer earlier values give no score: their deviation says nothing.
inline constexpr std::size_t kSeasonalHistoryMin = 3;

// The middle value, of an even number the mean of both. Reorders; NaN for none.
[[nodiscard]] double MedianOf(std::vector<double>& values);

// Median and robust deviation of earlier values; reorders them.
struct RobustLevel {
  double median = kUnknown;
  double deviation = kUnknown;
};
[[nodiscard]] RobustLevel RobustLevelOf(std::vector<double>& history);

// (x - median) / deviation, where the deviation is `floor` at least: four values may lie close together by chance. NaN
// below kSeasonalHistoryMin values; 0 for x on the median, whatever the deviation. Reorders `history`.
[[nodiscard]] double SeasonalScore(double x, std::vector<double>& history, double floor);

}  // namespace bellwether::judge
