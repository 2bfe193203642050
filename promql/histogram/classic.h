// promql/histogram/classic.h
//
// Quantiles and fractions of classic histograms: cumulative counts by upper bound, one float series each.
//
// Source: Prometheus promql/quantile.go.
#pragma once

#include <vector>

namespace bellwether::promql::histogram {

struct ClassicBucket {
  double upper = 0;  // Never NaN.
  double count = 0;  // Of all observations at or below.
};

struct ClassicQuantileResult {
  double value = 0;
  bool forced_monotonic = false;  // Counts decreased by more than rounding; then:
  double min_bucket = 0;          // the lowest and the highest bound that was raised,
  double max_bucket = 0;
  double max_difference = 0;  // and by how much at most.
};

// NaN unless the highest bound is +Inf, there are two bounds and something was counted; -Inf for q < 0, +Inf for q > 1.
// `buckets` is not empty; any order, equal bounds are added up.
[[nodiscard]] ClassicQuantileResult ClassicQuantile(double q, std::vector<ClassicBucket> buckets);

[[nodiscard]] double ClassicFraction(double lower, double upper, std::vector<ClassicBucket> buckets);

}  // namespace bellwether::promql::histogram
