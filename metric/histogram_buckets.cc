#include "metric/histogram_buckets.h"

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <string_view>

namespace bellwether::metric {
namespace {

constexpr int kFinestSchema = kMaxExponentialSchema;
constexpr std::size_t kFractions = std::size_t{1} << kFinestSchema;

// Prometheus computed its table of bounds once, with rounding errors, and every client buckets by it; so the bounds are
// these and not the exact powers. For each i of 2^(i/256) / 2: 1 where its value is the correctly rounded one, n + 1
// where it is n units in the last place below, 0 where it is one above.
constexpr std::string_view kFractionErrors =
    "1111112111211111112311222222222211211121122211221122102211221122"
    "1111112222332132112111211112111111121011213311221222112121332222"
    "2121223322322122222222323233323311221121223321332233212232332232"
    "2243223233433343333333444455435422322333324422333243223333543344";

// The mantissas in [0.5, 1). The schemas below 8 use every second, fourth, ... of them.
const std::array<double, kFractions>& BoundFractions() {
  static_assert(kFractionErrors.size() == kFractions);
  static const std::array<double, kFractions> table = [] {
    std::array<double, kFractions> fractions{};
    for (std::size_t i = 0; i < kFractions; ++i) {
      const auto exponent = static_cast<long double>(i) / static_cast<long double>(kFractions);
      const auto rounded = std::bit_cast<std::int64_t>(static_cast<double>(exp2l(exponent) / 2));
      fractions[i] = std::bit_cast<double>(rounded + 1 - (kFractionErrors[i] - '0'));
    }
    return fractions;
  }();
  return table;
}

double ExponentialBound(std::int32_t index, std::int32_t schema) {
  constexpr double kLargest = std::numeric_limits<double>::max();
  constexpr int kOverflowExponent = 1024;  // 2^1024 is the first power of two past the largest double.
  if (schema < 0) {
    const std::int64_t exponent = static_cast<std::int64_t>(index) << -schema;
    if (exponent == kOverflowExponent) return kLargest;
    if (exponent > kOverflowExponent) return std::numeric_limits<double>::infinity();
    return exponent < -2000 ? 0 : std::ldexp(1.0, static_cast<int>(exponent));
  }
  const int shift = kFinestSchema - schema;
  const auto fraction = static_cast<std::size_t>(index & ((1 << schema) - 1));
  const double mantissa = BoundFractions()[fraction << shift];
  const int exponent = (index >> schema) + 1;
  if (mantissa == 0.5 && exponent == kOverflowExponent + 1) return kLargest;
  return std::ldexp(mantissa, exponent);
}

void SetInclusive(Bucket& bucket, bool custom) {
  bucket.lower_inclusive = custom ? bucket.index == 0 : bucket.lower < 0;
  bucket.upper_inclusive = custom || bucket.upper > 0;
}

}  // namespace

std::vector<IndexedCount> Flatten(std::span<const BucketSpan> spans, std::span<const double> counts) {
  std::vector<IndexedCount> out;
  out.reserve(counts.size());
  std::int32_t index = 0;
  for (const BucketSpan& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length && out.size() < counts.size(); ++i, ++index) {
      out.push_back({index, counts[out.size()]});
    }
  }
  return out;
}

void Pack(std::span<const IndexedCount> buckets, std::vector<BucketSpan>& spans, std::vector<double>& counts) {
  spans.clear();
  counts.clear();
  std::int32_t next = 0;  // Behind the last span.
  for (const IndexedCount& bucket : buckets) {
    if (bucket.count == 0) continue;
    if (spans.empty() || bucket.index != next) {
      spans.push_back({.offset = bucket.index - next, .length = 0});
    }
    ++spans.back().length;
    counts.push_back(bucket.count);
    next = bucket.index + 1;
  }
}

double UpperBound(std::int32_t index, std::int32_t schema, std::span<const double> custom_values) {
  if (schema != kCustomBucketsSchema) return ExponentialBound(index, schema);
  if (index < 0) return -std::numeric_limits<double>::infinity();
  if (static_cast<std::size_t>(index) >= custom_values.size()) return std::numeric_limits<double>::infinity();
  return custom_values[static_cast<std::size_t>(index)];
}

std::vector<Bucket> PositiveBuckets(const NativeHistogram& h) {
  std::vector<Bucket> out;
  out.reserve(h.positive_buckets.size());
  for (const IndexedCount& b : Flatten(h.positive_spans, h.positive_buckets)) {
    Bucket bucket;
    bucket.lower = UpperBound(b.index - 1, h.schema, h.custom_values);
    bucket.upper = UpperBound(b.index, h.schema, h.custom_values);
    bucket.count = b.count;
    bucket.index = b.index;
    SetInclusive(bucket, h.UsesCustomBuckets());
    out.push_back(bucket);
  }
  return out;
}

std::vector<Bucket> NegativeBuckets(const NativeHistogram& h) {
  std::vector<Bucket> out;
  out.reserve(h.negative_buckets.size());
  for (const IndexedCount& b : Flatten(h.negative_spans, h.negative_buckets)) {
    Bucket bucket;
    bucket.lower = -UpperBound(b.index, h.schema, {});
    bucket.upper = -UpperBound(b.index - 1, h.schema, {});
    bucket.count = b.count;
    bucket.index = b.index;
    SetInclusive(bucket, false);
    out.push_back(bucket);
  }
  return out;
}

Bucket ZeroBucket(const NativeHistogram& h) {
  return {.lower = -h.zero_threshold,
          .upper = h.zero_threshold,
          .lower_inclusive = true,
          .upper_inclusive = true,
          .count = h.zero_count,
          .index = 0};
}

std::vector<Bucket> AllBuckets(const NativeHistogram& h) {
  std::vector<Bucket> out;
  std::vector<Bucket> negative = NegativeBuckets(h);
  std::vector<Bucket> positive = PositiveBuckets(h);
  out.reserve(negative.size() + positive.size() + 1);
  const auto clamp = [&](Bucket bucket) {
    if (bucket.upper < 0 && bucket.upper > -h.zero_threshold) bucket.upper = -h.zero_threshold;
    if (bucket.lower > 0 && bucket.lower < h.zero_threshold) bucket.lower = h.zero_threshold;
    return bucket;
  };
  for (auto it = negative.rbegin(); it != negative.rend(); ++it) out.push_back(clamp(*it));
  if (h.zero_count > 0) out.push_back(ZeroBucket(h));
  for (const Bucket& bucket : positive) out.push_back(clamp(bucket));
  return out;
}

WidenedZero WidenZero(const NativeHistogram& h, double threshold) {
  if (threshold == h.zero_threshold) return {threshold, h.zero_count};
  return WidenZeroOverCut(h, threshold);
}

WidenedZero WidenZeroOverCut(const NativeHistogram& h, double threshold) {
  const std::vector<Bucket> positive = PositiveBuckets(h);
  const std::vector<Bucket> negative = NegativeBuckets(h);
  while (true) {
    double count = h.zero_count;
    for (const Bucket& b : positive) {
      if (b.lower >= threshold) break;
      count += b.count;
      if (b.upper <= threshold) continue;
      if (b.count != 0) threshold = b.upper;
      break;
    }
    bool again = false;
    for (const Bucket& b : negative) {
      if (b.upper <= -threshold) break;
      count += b.count;
      if (b.lower >= -threshold) continue;
      if (b.count != 0) {
        threshold = -b.lower;  // What was counted of the positive buckets is no longer all of it.
        again = true;
      }
      break;
    }
    if (!again) return {threshold, count};
  }
}

}  // namespace bellwether::metric
