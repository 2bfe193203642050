#include "promql/eval/count_parameter.h"

#include <algorithm>
#include <cmath>

#include "base/number.h"

namespace bellwether::promql {

base::Result<std::vector<std::size_t>> CountsOf(const ScalarColumn& k, std::size_t rows) {
  constexpr double kMin = -9223372036854775808.0;
  constexpr double kMax = 9223372036854774784.0;
  const bool any_nan = std::any_of(k.begin(), k.end(), [](double v) { return std::isnan(v); });
  if (any_nan) return base::Execution("Parameter value is NaN");
  const auto [low, high] = std::minmax_element(k.begin(), k.end());
  if (*high < 1) return std::vector<std::size_t>();
  if (*low <= kMin) return base::Execution("Scalar value " + base::FormatNumber(*low) + " underflows int64");
  if (*high >= kMax) return base::Execution("Scalar value " + base::FormatNumber(*high) + " overflows int64");
  std::vector<std::size_t> counts(k.size());
  for (std::size_t i = 0; i < k.size(); ++i) {
    if (k[i] >= 1) counts[i] = std::min(rows, static_cast<std::size_t>(k[i]));
  }
  return counts;
}

}  // namespace bellwether::promql
