#include "judge/distribution.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "judge/exponential.h"

namespace bellwether::judge {
namespace {

constexpr double kRounding = 1e-12;

void AddUp(std::span<CumulativeCount> sorted, Bins& bins) {
  double below = 0;
  for (std::size_t i = 0; i < sorted.size();) {
    const double upper = sorted[i].upper;
    double count = 0;
    for (; i < sorted.size() && sorted[i].upper == upper; ++i) count += sorted[i].count;
    const bool rises = count > below && count - below > kRounding * std::fabs(count);
    bins.edges.push_back(upper);
    bins.counts.push_back(rises ? count - below : 0);
    if (rises) below = count;
  }
}

// Custom buckets: the bounds, and +Inf above them.
void FromCustom(const metric::NativeHistogram& h, Bins& bins) {
  const double infinity = std::numeric_limits<double>::infinity();
  bins.spacing = Spacing::kLinear;
  const bool from_zero = !h.custom_values.empty() && h.custom_values.front() > 0;
  bins.edges.assign(1, from_zero ? 0 : -infinity);
  bins.edges.insert(bins.edges.end(), h.custom_values.begin(), h.custom_values.end());
  bins.edges.push_back(infinity);
  bins.counts.assign(h.custom_values.size() + 1, 0);
  for (const metric::IndexedCount& bucket : metric::Flatten(h.positive_spans, h.positive_buckets)) {
    const auto index = static_cast<std::size_t>(std::max(bucket.index, 0));
    bins.counts[std::min(index, bins.counts.size() - 1)] += bucket.count;
  }
}

}  // namespace

BucketFault FromClassic(std::span<CumulativeCount> buckets, Distribution& out) {
  const auto by_bound = [](const CumulativeCount& a, const CumulativeCount& b) { return a.upper < b.upper; };
  if (!std::is_sorted(buckets.begin(), buckets.end(), by_bound)) {
    std::stable_sort(buckets.begin(), buckets.end(), by_bound);
  }
  const double infinity = std::numeric_limits<double>::infinity();
  if (buckets.empty() || buckets.back().upper != infinity) return BucketFault::kNoInfinityBucket;
  if (buckets.front().upper == infinity) return BucketFault::kTooFewBuckets;
  out.exponential = nullptr;
  out.sum = kUnknown;
  out.bins.spacing = Spacing::kLinear;
  out.bins.edges.assign(1, buckets.front().upper > 0 ? 0 : -infinity);
  out.bins.counts.clear();
  AddUp(buckets, out.bins);
  return BucketFault::kNone;
}

void FromNative(const metric::NativeHistogram& h, Distribution& out) {
  out.sum = h.sum;
  out.exponential = nullptr;
  if (h.UsesCustomBuckets()) {
    FromCustom(h, out.bins);
    return;
  }
  out.exponential = &h;
  ExponentialPair both;
  LayOut(h, h, both);
  out.bins.spacing = Spacing::kExponential;
  out.bins.edges = std::move(both.edges);
  out.bins.counts = std::move(both.first);
}

double TotalOf(std::span<const double> counts) { return std::accumulate(counts.begin(), counts.end(), 0.0); }

std::size_t PopulatedIn(std::span<const double> counts) {
  return static_cast<std::size_t>(std::count_if(counts.begin(), counts.end(), [](double c) { return c > 0; }));
}

void Representatives(std::span<const double> edges, Spacing spacing, std::vector<double>& out) {
  out.clear();
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    const double lower = edges[i];
    const double upper = edges[i + 1];
    if (std::isinf(upper)) {
      out.push_back(lower);
    } else if (std::isinf(lower)) {
      out.push_back(upper);
    } else if (spacing == Spacing::kLinear) {
      out.push_back((lower + upper) / 2);
    } else if (lower > 0) {
      out.push_back(std::sqrt(lower) * std::sqrt(upper));
    } else {
      out.push_back(upper < 0 ? -std::sqrt(-lower) * std::sqrt(-upper) : 0);
    }
  }
}

double CumulativeAt(const Bins& bins, double x) {
  double below = 0;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const double lower = bins.edges[i];
    const double upper = bins.edges[i + 1];
    if (std::isinf(upper)) break;
    if (x >= upper) {
      below += bins.counts[i];
    } else if (std::isinf(lower)) {
      return bins.counts[i];
    } else {
      return x <= lower ? below : below + bins.counts[i] * (x - lower) / (upper - lower);
    }
  }
  return below;
}

}  // namespace bellwether::judge
