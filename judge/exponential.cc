#include "judge/exponential.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace bellwether::judge {
namespace {

using metric::IndexedCount;
using metric::NativeHistogram;

constexpr double kNoQuantile = std::numeric_limits<double>::quiet_NaN();

// Drops the buckets that end within the zero bucket.
void DropWithin(double threshold, std::int32_t schema, std::vector<metric::BucketSpan>& spans,
                std::vector<double>& counts) {
  std::vector<IndexedCount> flat = metric::Flatten(spans, counts);
  std::erase_if(flat, [&](const IndexedCount& b) { return metric::UpperBound(b.index, schema, {}) <= threshold; });
  metric::Pack(flat, spans, counts);
}

void WidenTo(double threshold, NativeHistogram& h) {
  const metric::WidenedZero zero = metric::WidenZeroOverCut(h, threshold);
  h.zero_threshold = zero.threshold;
  h.zero_count = zero.count;
  DropWithin(zero.threshold, h.schema, h.positive_spans, h.positive_buckets);
  DropWithin(zero.threshold, h.schema, h.negative_spans, h.negative_buckets);
}

// The counts of two sides by the union of their populated buckets.
struct SharedBucket {
  std::int32_t index = 0;
  double first = 0;
  double second = 0;
};

std::vector<SharedBucket> Union(std::span<const IndexedCount> a, std::span<const IndexedCount> b) {
  std::vector<SharedBucket> out;
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    const std::int32_t index = j == b.size()   ? a[i].index
                               : i == a.size() ? b[j].index
                                               : std::min(a[i].index, b[j].index);
    SharedBucket bucket{.index = index};
    if (i < a.size() && a[i].index == index) bucket.first = a[i++].count;
    if (j < b.size() && b[j].index == index) bucket.second = b[j++].count;
    if (bucket.first > 0 || bucket.second > 0) out.push_back(bucket);
  }
  return out;
}

// The point of a bucket below which `fraction` of it lies: on a logarithmic scale, but linear across zero.
double PointWithin(double lower, double upper, double fraction) {
  if (lower <= 0 && upper >= 0) return lower + (upper - lower) * fraction;
  if (upper < 0) return -PointWithin(-upper, -lower, 1 - fraction);
  return std::exp2(std::log2(lower) + (std::log2(upper) - std::log2(lower)) * fraction);
}

void Append(double lower, double upper, double first, double second, ExponentialPair& out) {
  const auto add = [&](double edge, double of_first, double of_second) {
    out.edges.push_back(edge);
    out.first.push_back(of_first);
    out.second.push_back(of_second);
  };
  if (out.edges.empty()) out.edges.push_back(lower);
  if (out.edges.back() < lower) add(lower, 0, 0);
  add(std::max(upper, out.edges.back()), first, second);
}

}  // namespace

std::pair<NativeHistogram, NativeHistogram> AlignExponential(const NativeHistogram& a, const NativeHistogram& b,
                                                             int schema_max) {
  const std::int32_t schema = std::min({a.schema, b.schema, schema_max});
  std::pair<NativeHistogram, NativeHistogram> out{metric::ReduceResolution(a, schema),
                                                  metric::ReduceResolution(b, schema)};
  // Each round swallows a bucket of the wider side's bound; the bound on rounds is for thresholds that are no numbers.
  constexpr int kRoundsMax = 64;
  for (int round = 0; round < kRoundsMax; ++round) {
    const double threshold = std::max(out.first.zero_threshold, out.second.zero_threshold);
    WidenTo(threshold, out.first);
    WidenTo(threshold, out.second);
    if (out.first.zero_threshold == out.second.zero_threshold) break;
  }
  return out;
}

void LayOut(const NativeHistogram& a, const NativeHistogram& b, ExponentialPair& out) {
  out = {};
  const auto bound = [&](std::int32_t index) { return metric::UpperBound(index, a.schema, {}); };
  const auto side = [&](auto spans, auto counts) {
    return Union(metric::Flatten(a.*spans, a.*counts), metric::Flatten(b.*spans, b.*counts));
  };
  const auto negative = side(&NativeHistogram::negative_spans, &NativeHistogram::negative_buckets);
  const auto positive = side(&NativeHistogram::positive_spans, &NativeHistogram::positive_buckets);
  const double zero = a.zero_threshold;
  for (auto it = negative.rbegin(); it != negative.rend(); ++it) {
    Append(-bound(it->index), -std::max(bound(it->index - 1), zero), it->first, it->second, out);
  }
  // Without observations below zero the zero bucket is taken to begin at 0, as PromQL takes it.
  if (a.zero_count > 0 || b.zero_count > 0) {
    Append(negative.empty() ? 0 : -zero, positive.empty() && !negative.empty() ? 0 : zero, a.zero_count, b.zero_count,
           out);
  }
  for (const SharedBucket& bucket : positive) {
    Append(std::max(bound(bucket.index - 1), zero), bound(bucket.index), bucket.first, bucket.second, out);
  }
}

double ExponentialQuantile(const NativeHistogram& h, double q) {
  if (!(q >= 0 && q <= 1)) return kNoQuantile;
  std::vector<metric::Bucket> buckets = metric::NegativeBuckets(h);
  std::reverse(buckets.begin(), buckets.end());
  buckets.push_back(metric::ZeroBucket(h));
  if (h.negative_buckets.empty() && !h.positive_buckets.empty()) buckets.back().lower = 0;
  if (h.positive_buckets.empty() && !h.negative_buckets.empty()) buckets.back().upper = 0;
  const std::vector<metric::Bucket> positive = metric::PositiveBuckets(h);
  buckets.insert(buckets.end(), positive.begin(), positive.end());
  std::erase_if(buckets, [](const metric::Bucket& b) { return !(b.count > 0); });
  double total = 0;
  for (const metric::Bucket& b : buckets) total += b.count;
  if (buckets.empty()) return kNoQuantile;

  // From the nearer end, so that a rank between two buckets falls to the same one as in PromQL.
  const bool from_top = q >= 0.5;
  const double rank = (from_top ? 1 - q : q) * total;
  double passed = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const metric::Bucket& b = from_top ? buckets[buckets.size() - 1 - i] : buckets[i];
    passed += b.count;
    if (passed < rank && i + 1 < buckets.size()) continue;
    const double within = from_top ? passed - rank : rank - (passed - b.count);
    return PointWithin(b.lower, b.upper, std::clamp(within / b.count, 0.0, 1.0));
  }
  return kNoQuantile;
}

}  // namespace bellwether::judge
