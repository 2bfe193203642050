#include "judge/calibration.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "judge/distribution.h"

namespace bellwether::judge {

Calibration CalibrationOf(const ScoredCounts& scored) {
  Calibration out;
  const double total = TotalOf(scored.counts);
  if (!(total > 0)) return out;
  const bool has_sums = !scored.score_sums.empty();
  std::vector<double> middles;
  Representatives(scored.edges, Spacing::kLinear, middles);
  out.middle_error = out.middle_brier = 0;
  out.error_bounds = {0, 0};
  if (has_sums) out.error = out.largest_error = 0;
  for (std::size_t i = 0; i < scored.counts.size(); ++i) {
    const double count = scored.counts[i];
    if (!(count > 0)) continue;
    const double weight = count / total;
    const double rate = scored.positives[i] / count;
    const double lower = std::isinf(scored.edges[i]) ? middles[i] : scored.edges[i];
    const double upper = std::isinf(scored.edges[i + 1]) ? middles[i] : scored.edges[i + 1];
    const double middle = middles[i];
    out.middle_error += weight * std::fabs(rate - middle);
    out.middle_brier += weight * (rate * (1 - middle) * (1 - middle) + (1 - rate) * middle * middle);
    out.error_bounds.lower += weight * std::max({0.0, rate - upper, lower - rate});
    out.error_bounds.upper += weight * std::max(std::fabs(rate - lower), std::fabs(rate - upper));
    if (has_sums) {
      const double error = std::fabs(rate - scored.score_sums[i] / count);
      out.error += weight * error;
      out.largest_error = std::max(out.largest_error, error);
    }
  }
  const double positives = TotalOf(scored.positives);
  out.base_rate = positives / total;
  if (has_sums) {
    const double sum = TotalOf(scored.score_sums);
    out.mean_score = sum / total;
    out.ratio = sum > 0 ? positives / sum : kUnknown;
  }
  return out;
}

}  // namespace bellwether::judge
