// promql/histogram/quantile.h
//
// Quantiles, fractions and spread of native histograms. Within a bucket observations are taken to be spread evenly: on
// a logarithmic scale in exponential buckets, linearly in custom ones and in the zero bucket.
//
// Source: Prometheus promql/quantile.go.
#pragma once

#include "metric/histogram.h"

namespace bellwether::promql::histogram {

// What observations of NaN, which are in no bucket, did to a quantile.
enum class NanEffect : unsigned char {
  kNone,
  kResultIsNan,    // The quantile lies above all buckets.
  kResultIsHigher  // They count as if they were above.
};

struct QuantileResult {
  double value = 0;
  NanEffect nan = NanEffect::kNone;
};

// -Inf for q < 0, +Inf for q > 1, NaN for a NaN q or an empty histogram.
[[nodiscard]] QuantileResult Quantile(double q, const metric::NativeHistogram& h);

struct FractionResult {
  double value = 0;
  bool nan_excluded = false;  // Observations of NaN are in no fraction.
};

// The share of observations in (lower, upper]. NaN for a NaN bound or an empty histogram; 0 if lower >= upper.
[[nodiscard]] FractionResult Fraction(double lower, double upper, const metric::NativeHistogram& h);

// The estimated population variance, each bucket's observations taken at its middle.
[[nodiscard]] double Variance(const metric::NativeHistogram& h);

}  // namespace bellwether::promql::histogram
