// promql/histogram/interpolation.h
//
// Where a value lies within a bucket.
#pragma once

#include "promql/histogram/buckets.h"

namespace bellwether::promql::histogram {

// The share of the bucket at or below `v`, which is strictly inside it: linear, or on a logarithmic scale (then the
// bucket does not touch zero).
[[nodiscard]] double FractionBelow(const Bucket& bucket, double v, bool linear);

}  // namespace bellwether::promql::histogram
