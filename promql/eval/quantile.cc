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

  const auto below = [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; };
  const double rank = q * static_cast<double>(values.size() - 1);
  const double floor_rank = std::floor(rank);
  const auto lower = static_cast<std::ptrdiff_t>(floor_rank);
  const double weight = rank - floor_rank;
  std::nth_element(values.begin(), values.begin() + lower, values.end(), below);
  const double low = values[static_cast<std::size_t>(lower)];
  double high = low;
  if (static_cast<std::size_t>(lower) + 1 < values.size()) {
    high = *std::min_element(values.begin() + lower + 1, values.end(), below);
  }
  return low * (1 - weight) + high * weight;
}

}  // namespace bellwether::promql
