#include "judge/seasonal.h"

#include <algorithm>
#include <cmath>

namespace bellwether::judge {
namespace {

// Of a normal law: its standard deviation, in median absolute deviations.
constexpr double kDeviationOfMad = 1.4826;

}  // namespace

double MedianOf(std::vector<double>& values) {
  if (values.empty()) return kUnknown;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

RobustLevel RobustLevelOf(std::vector<double>& history) {
  RobustLevel level{.median = MedianOf(history)};
  std::vector<double> distances;
  for (const double v : history) distances.push_back(std::fabs(v - level.median));
  level.deviation = kDeviationOfMad * MedianOf(distances);
  return level;
}

double SeasonalScore(double x, std::vector<double>& history, double floor) {
  if (history.size() < kSeasonalHistoryMin) return kUnknown;
  const RobustLevel level = RobustLevelOf(history);
  if (x == level.median) return 0;
  return (x - level.median) / std::max(level.deviation, floor);
}

}  // namespace bellwether::judge
