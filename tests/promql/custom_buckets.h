// tests/promql/custom_buckets.h
//
// Classic histograms as native ones with custom buckets, for load_with_nhcb.
#pragma once

#include <map>

#include "base/status.h"
#include "base/time.h"
#include "metric/histogram.h"
#include "metric/labels.h"
#include "tests/promql/script.h"

namespace bellwether::promqltest {

// The float series *_bucket, *_count and *_sum of the command, by the labels of the histogram (without suffix and `le`)
// and time. A `_bucket` without a readable `le` is left out.
// kInvalidArgument: counts are negative or not cumulative, or count and +Inf bucket differ.
[[nodiscard]] base::Result<std::map<metric::Labels, std::map<base::TimestampMs, metric::NativeHistogram>>>
CustomBucketHistograms(const LoadCommand& load);

}  // namespace bellwether::promqltest
