// The forms in which people and the HTTP API see a histogram; declared in promql/engine.h.
#include <fmt/format.h>

#include "base/number.h"
#include "promql/engine.h"
#include "promql/histogram/buckets.h"

namespace bellwether::promql {
namespace {

// All non-empty buckets by value, not cut at the zero bucket.
std::vector<histogram::Bucket> PopulatedBuckets(const metric::NativeHistogram& h) {
  std::vector<histogram::Bucket> out;
  const auto add = [&](const histogram::Bucket& bucket) {
    if (bucket.count != 0) out.push_back(bucket);
  };
  const std::vector<histogram::Bucket> negative = histogram::NegativeBuckets(h);
  for (auto it = negative.rbegin(); it != negative.rend(); ++it) add(*it);
  add(histogram::ZeroBucket(h));
  for (const histogram::Bucket& bucket : histogram::PositiveBuckets(h)) add(bucket);
  return out;
}

}  // namespace

std::string FormatHistogram(const metric::NativeHistogram& h) {
  std::string out = fmt::format("{{count:{}, sum:{}", base::FormatNumberG(h.count), base::FormatNumberG(h.sum));
  for (const histogram::Bucket& b : PopulatedBuckets(h)) {
    out += fmt::format(", {}{},{}{}:{}", b.lower_inclusive ? '[' : '(', base::FormatNumberG(b.lower),
                       base::FormatNumberG(b.upper), b.upper_inclusive ? ']' : ')', base::FormatNumberG(b.count));
  }
  return out + "}";
}

std::vector<HistogramBucket> BucketsOf(const metric::NativeHistogram& h) {
  std::vector<HistogramBucket> out;
  for (const histogram::Bucket& b : histogram::AllBuckets(h)) {
    if (b.count == 0) continue;
    const int rule = b.lower_inclusive ? (b.upper_inclusive ? 3 : 1) : (b.upper_inclusive ? 0 : 2);
    out.push_back({.rule = rule, .lower = b.lower, .upper = b.upper, .count = b.count});
  }
  return out;
}

}  // namespace bellwether::promql
