// promql/histogram/buckets.h
//
// The buckets of native histograms (metric/histogram_buckets.h), by the names that the arithmetic beside it uses.
#pragma once

#include "metric/histogram_buckets.h"

namespace bellwether::promql::histogram {

using metric::AllBuckets;
using metric::Bucket;
using metric::CoarserIndex;
using metric::Flatten;
using metric::IndexedCount;
using metric::NegativeBuckets;
using metric::Pack;
using metric::PositiveBuckets;
using metric::UpperBound;
using metric::WidenedZero;
using metric::WidenZero;
using metric::ZeroBucket;

}  // namespace bellwether::promql::histogram
