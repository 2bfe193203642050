// judge/exponential.h
//
// Two native histograms with exponential buckets brought to one layout. Each step is exact: bounds of a coarser schema
// are bounds of the finer one, and a zero bucket that would cut a populated bucket grows to hold it. The schema is
// reduced first and the zero bucket widened then, else a coarse bucket could straddle the bound of zero.
//
// PromQL's own addition (promql/histogram/arithmetic.h) widens first; what it adds has no need for both sides to have
// equal bins.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "metric/histogram.h"
#include "metric/histogram_buckets.h"

namespace bellwether::judge {

// Both at the lower of their schemas, or at `schema_max` where that is lower still, with one zero threshold. Compact.
[[nodiscard]] std::pair<metric::NativeHistogram, metric::NativeHistogram> AlignExponential(
    const metric::NativeHistogram& a, const metric::NativeHistogram& b, int schema_max = metric::kMaxExponentialSchema);

// Two histograms of one layout over the bins that either has, ascending by value; what lies between populated buckets
// is one empty bin.
struct ExponentialPair {
  std::vector<double> edges;
  std::vector<double> first;
  std::vector<double> second;
};
void LayOut(const metric::NativeHistogram& a, const metric::NativeHistogram& b, ExponentialPair& out);

// histogram_quantile() by buckets as they are: PromQL's own would cut a bucket that reaches into the zero bucket. NaN
// without observations, or for a q outside 0..1.
[[nodiscard]] double ExponentialQuantile(const metric::NativeHistogram& h, double q);

}  // namespace bellwether::judge
