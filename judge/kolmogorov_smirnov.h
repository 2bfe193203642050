// judge/kolmogorov_smirnov.h
//
// The largest gap between two cumulative curves, from buckets. The curves are known at bucket bounds only, so the gap
// of the raw data lies between two bounds, both attained by moving observations inside their buckets.
#pragma once

#include "judge/distribution.h"
#include "judge/divergence.h"

namespace bellwether::judge {

struct Bounds {
  double lower = kUnknown;
  double upper = kUnknown;
};

// The gap at the bounds that both sides have: a lower bound of the raw data's.
[[nodiscard]] double KsDistance(Counts reference, Counts current);

// What the raw data's gap is between, from bins that need not have the same edges: tighter than on shared ones.
[[nodiscard]] Bounds KsBounds(const Bins& reference, const Bins& current);

// The chance of a gap at least this large without drift between samples of n and m: Kolmogorov's law with Stephens'
// correction for size, within 0.02 of the exact law from 50 a side. Of a gap from buckets it is too large, never too
// small: bucketed tests are conservative.
[[nodiscard]] double KsTail(double d, double n, double m);
// Without the correction.
[[nodiscard]] double KsLimitTail(double d, double n, double m);

}  // namespace bellwether::judge
