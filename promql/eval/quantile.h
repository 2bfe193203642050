// promql/eval/quantile.h
//
// The quantile of plain numbers, by linear interpolation between the two nearest ranks.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace bellwether::promql {

// Of values in ascending order, NaN first: `ordered` has size() and [rank]. NaN for no values or q = NaN; -Inf for q <
// 0, +Inf for q > 1.
template <typename Ordered>
[[nodiscard]] double QuantileOfOrdered(double q, const Ordered& ordered) {
  const std::size_t n = ordered.size();
  if (n == 0 || std::isnan(q)) return std::numeric_limits<double>::quiet_NaN();
  if (q < 0) return -std::numeric_limits<double>::infinity();
  if (q > 1) return std::numeric_limits<double>::infinity();
  const double rank = q * static_cast<double>(n - 1);
  const double floor_rank = std::floor(rank);
  const auto lower = static_cast<std::size_t>(floor_rank);
  const double weight = rank - floor_rank;
  return ordered[lower] * (1 - weight) + ordered[lower + 1 < n ? lower + 1 : n - 1] * weight;
}

// Reorders `values`. NaN sorts below every number. O(n): the two ranks are selected, not sorted for.
[[nodiscard]] double Quantile(double q, std::vector<double>& values);

}  // namespace bellwether::promql
