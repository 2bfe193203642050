// judge/moments.h
//
// Mean, spread, skewness and quantiles of bins, and by how much they have moved. Exact where the sum of observations is
// known (the mean); otherwise each bin counts at the value that stands for it, which is off by half its width at most.
#pragma once

#include <span>

#include "judge/distribution.h"

namespace bellwether::judge {

struct Moments {
  double count = 0;
  double mean = kUnknown;  // From the sum where it is known, else of the middles.
  double middle_mean = kUnknown;
  double variance = kUnknown;  // Of the middles about their mean.
  double skewness = kUnknown;  // NaN without spread.
  double variance_about_mean = kUnknown;

  [[nodiscard]] double deviation() const;
};
[[nodiscard]] Moments MomentsOf(const Bins& bins, double sum);
// Of observations at points.
[[nodiscard]] Moments MomentsAt(std::span<const double> points, std::span<const double> counts, double sum = kUnknown);

// (mean of current - mean of reference) in standard deviations of the reference; NaN if it has none.
[[nodiscard]] double MeanShift(const Moments& reference, const Moments& current);
// Standard deviation of current / of reference; NaN if the reference has none.
[[nodiscard]] double SpreadRatio(const Moments& reference, const Moments& current);

// Welch's test of whether the means are equal. NaN without spread on both sides.
struct MeanTest {
  double t = kUnknown;
  double degrees = kUnknown;
  double p_value = kUnknown;
};
[[nodiscard]] MeanTest CompareMeans(const Moments& reference, const Moments& current);

// A quantile by PromQL's rules for classic buckets, with the bin that holds it: the true one is in it.
struct BinQuantile {
  double value = kUnknown;
  double lower = kUnknown;
  double upper = kUnknown;
};
[[nodiscard]] BinQuantile QuantileOf(const Bins& bins, double q);

// Of values themselves: m3 / m2^1.5. NaN without spread.
[[nodiscard]] double SkewnessOf(std::span<const double> values);

}  // namespace bellwether::judge
