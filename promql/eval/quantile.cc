#include "promql/eval/quantile.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace bellwether::promql {

double Quantile(double q, std::vector<double>& values) {
  if (values.empty() || std::isnan(q)) return std::numeric_limits<double>::quiet_NaN();
  if (q < 0) return -std::numeric_limits<double>::infinity();
  if (q > 1) return std::numeric_limits<double>::infinity();

  const double rank = q * static_cast<double>(values.size() - 1);
  const double floor_rank = std::floor(rank);
  const auto lower = static_cast<std::ptrdiff_t>(floor_rank);
  const double weight = rank - floor_rank;
  // NaN to the front, so that the rest compares plainly.
  const auto numbers = std::partition(values.begin(), values.end(), [](double v) { return std::isnan(v); });
  const auto low_at = values.begin() + lower;
  if (low_at >= numbers) std::nth_element(numbers, low_at, values.end());
  const double low = *low_at;
  double high = low;
  if (low_at + 1 < values.end())
    high = low_at + 1 < numbers ? *(low_at + 1) : *std::min_element(std::max(low_at + 1, numbers), values.end());
  return low * (1 - weight) + high * weight;
}

}  // namespace bellwether::promql
