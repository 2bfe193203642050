#include "promql/histogram/interpolation.h"

#include <cmath>

namespace bellwether::promql::histogram {

double FractionBelow(const Bucket& bucket, double v, bool linear) {
  if (linear) return (v - bucket.lower) / (bucket.upper - bucket.lower);
  const double log_lower = std::log2(std::fabs(bucket.lower));
  const double log_upper = std::log2(std::fabs(bucket.upper));
  const double log_v = std::log2(std::fabs(v));
  if (v > 0) return (log_v - log_lower) / (log_upper - log_lower);
  return 1 - (log_v - log_upper) / (log_lower - log_upper);
}

}  // namespace bellwether::promql::histogram
