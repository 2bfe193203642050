// promql/eval/quantile.h
//
// The quantile of plain numbers, by linear interpolation between the two nearest ranks.
#pragma once

#include <vector>

namespace bellwether::promql {

// Reorders `values`. NaN sorts below every number. NaN for no values or q = NaN; -Inf for q < 0, +Inf for q > 1.
// O(n): the two ranks are selected, not sorted for.
[[nodiscard]] double Quantile(double q, std::vector<double>& values);

}  // namespace bellwether::promql
