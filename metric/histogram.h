// metric/histogram.h
//
// A native histogram sample: exponential buckets (schema -4..8) or custom bounds (schema -53). Plain data with its
// checks; arithmetic on histograms is PromQL's. Integer and float histograms share this form: bucket counts are
// absolute (not deltas) doubles, exact up to 2^53.
//
// Source: Prometheus model/histogram; remote write 1.0 and 2.0 specifications.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace bellwether::metric {

inline constexpr std::int32_t kCustomBucketsSchema = -53;
inline constexpr std::int32_t kMinExponentialSchema = -4;
inline constexpr std::int32_t kMaxExponentialSchema = 8;

// `offset`: index of the first bucket (first span) or gap to the span before; `length`: number of buckets.
struct BucketSpan {
  std::int32_t offset = 0;
  std::uint32_t length = 0;
  friend bool operator==(const BucketSpan&, const BucketSpan&) = default;
};

enum class CounterResetHint : std::uint8_t { kUnknown = 0, kReset = 1, kNotReset = 2, kGauge = 3 };  // As on the wire.

struct NativeHistogram {
  bool is_float = false;  // How it was sent; queries see floats either way.
  CounterResetHint reset_hint = CounterResetHint::kUnknown;
  std::int32_t schema = 0;
  double zero_threshold = 0;
  double zero_count = 0;
  double count = 0;
  double sum = 0;  // The stale marker here makes the sample stale.
  std::vector<BucketSpan> positive_spans;
  std::vector<BucketSpan> negative_spans;
  std::vector<double> positive_buckets;  // As many as the spans' lengths add up to.
  std::vector<double> negative_buckets;
  std::vector<double> custom_values;  // Upper bounds without +Inf; schema -53 only.

  [[nodiscard]] bool IsStale() const;
  [[nodiscard]] bool UsesCustomBuckets() const { return schema == kCustomBucketsSchema; }

  // Bitwise, as the store compares duplicates.
  friend bool operator==(const NativeHistogram& a, const NativeHistogram& b);
};

// The checks of a receiver. kInvalidArgument with Prometheus's text: "histogram has a span whose offset is negative",
// ...
[[nodiscard]] base::Status ValidateHistogram(const NativeHistogram& h);

// Brings an exponential histogram of a higher schema down to `schema`, merging neighbouring buckets.
[[nodiscard]] NativeHistogram ReduceResolution(const NativeHistogram& h, std::int32_t schema);

// A stable byte form for journals and chunks, and back; false on bytes that EncodeHistogram did not make.
void EncodeHistogram(const NativeHistogram& h, std::string& out);
[[nodiscard]] bool DecodeHistogram(std::string_view& in, NativeHistogram& h);

}  // namespace bellwether::metric
