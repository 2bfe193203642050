// metric/histogram_buckets.h
//
// The buckets of a native histogram, two ways: by index with counts (what arithmetic works on) and with their bounds
// (what quantiles and people look at).
//
// Bounds are bit-exact with Prometheus's: an exponential bound is 2^(index * 2^-schema) but for the last bits, which
// are those of its table, and the last one below infinity is the largest double.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "metric/histogram.h"

namespace bellwether::metric {

struct IndexedCount {
  std::int32_t index = 0;
  double count = 0;
};

// Ascending by index; empty buckets included.
[[nodiscard]] std::vector<IndexedCount> Flatten(std::span<const BucketSpan> spans, std::span<const double> counts);

// The compact layout of ascending buckets: without empty ones, adjacent ones in one span.
void Pack(std::span<const IndexedCount> buckets, std::vector<BucketSpan>& spans, std::vector<double>& counts);

// The upper bound of positive bucket `index`; for custom buckets +Inf behind the last and -Inf before the first one.
// `custom_values` are ignored for exponential schemas.
[[nodiscard]] double UpperBound(std::int32_t index, std::int32_t schema, std::span<const double> custom_values);

// The index that an exponential bucket has in a lower schema, `diff` below its own.
[[nodiscard]] constexpr std::int32_t CoarserIndex(std::int32_t index, int diff) { return ((index - 1) >> diff) + 1; }

struct Bucket {
  double lower = 0;
  double upper = 0;
  bool lower_inclusive = false;
  bool upper_inclusive = false;
  double count = 0;
  std::int32_t index = 0;  // 0 for the zero bucket.
};

// Ascending by index, away from zero; empty ones included. Negative buckets have negative bounds.
[[nodiscard]] std::vector<Bucket> PositiveBuckets(const NativeHistogram& h);
[[nodiscard]] std::vector<Bucket> NegativeBuckets(const NativeHistogram& h);
// [-zero_threshold, zero_threshold].
[[nodiscard]] Bucket ZeroBucket(const NativeHistogram& h);
// Ascending by value: negative ones, the zero bucket if it counts anything, positive ones; empty ones included. A
// bucket that reaches into the zero bucket is cut at it.
[[nodiscard]] std::vector<Bucket> AllBuckets(const NativeHistogram& h);

// The zero bucket of `h` if its threshold were `threshold` or, where that falls into a populated bucket, the outer
// bound of that bucket. `threshold` is not below that of `h`.
struct WidenedZero {
  double threshold = 0;
  double count = 0;
};
[[nodiscard]] WidenedZero WidenZero(const NativeHistogram& h, double threshold);
// The same, and also where `threshold` is that of `h` and cuts a bucket already, as after a reduction of resolution.
[[nodiscard]] WidenedZero WidenZeroOverCut(const NativeHistogram& h, double threshold);

}  // namespace bellwether::metric
