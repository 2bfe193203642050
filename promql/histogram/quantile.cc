#include "promql/histogram/quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "promql/eval/kahan.h"
#include "promql/histogram/buckets.h"
#include "promql/histogram/interpolation.h"

namespace bellwether::promql::histogram {
namespace {

using metric::NativeHistogram;

constexpr double kQuantileInfinity = std::numeric_limits<double>::infinity();
constexpr double kQuantileNan = std::numeric_limits<double>::quiet_NaN();

// With observations on one side of zero only, the zero bucket ends at zero on the other.
void NarrowZeroBucket(const NativeHistogram& h, Bucket& bucket) {
  if (h.negative_buckets.empty() && !h.positive_buckets.empty()) {
    bucket.lower = 0;
  } else if (h.positive_buckets.empty() && !h.negative_buckets.empty()) {
    bucket.upper = 0;
  }
}

// The point of a bucket with finite bounds below which `fraction` of it lies.
double PointAt(const Bucket& bucket, double fraction, bool linear) {
  if (linear || (bucket.lower <= 0 && bucket.upper >= 0)) {
    return bucket.lower + (bucket.upper - bucket.lower) * fraction;
  }
  const double log_lower = std::log2(std::fabs(bucket.lower));
  const double log_upper = std::log2(std::fabs(bucket.upper));
  if (bucket.lower > 0) return std::exp2(log_lower + (log_upper - log_lower) * fraction);
  return -std::exp2(log_upper + (log_lower - log_upper) * (1 - fraction));
}

// The bucket in which a walk comes to `rank`, and how far the count is behind it. Descending walks meet the buckets
// from the top.
struct Found {
  Bucket bucket;
  double count = 0;
};

template <typename It>
Found Walk(It at, It end, double rank) {
  Found found;
  for (; at != end; ++at) {
    found.bucket = *at;
    if (at->count == 0) continue;
    found.count += at->count;
    if (found.count >= rank) break;
  }
  return found;
}

double CountOf(const std::vector<Bucket>& buckets) {
  double total = 0;
  for (const Bucket& bucket : buckets) total += bucket.count;
  return total;
}

}  // namespace

QuantileResult Quantile(double q, const NativeHistogram& h) {
  if (q < 0) return {-kQuantileInfinity};
  if (q > 1) return {kQuantileInfinity};
  if (h.count == 0 || std::isnan(q)) return {kQuantileNan};

  // From the nearer end, unless NaN observations are missing from the top.
  const bool has_nan = std::isnan(h.sum);
  const bool ascending = has_nan || q < 0.5;
  const std::vector<Bucket> buckets = AllBuckets(h);
  double rank = (ascending ? q : 1 - q) * h.count;
  Found found = ascending ? Walk(buckets.begin(), buckets.end(), rank) : Walk(buckets.rbegin(), buckets.rend(), rank);
  Bucket& bucket = found.bucket;
  if (h.UsesCustomBuckets()) {
    if (bucket.lower == -kQuantileInfinity) {
      if (bucket.upper <= 0) return {bucket.upper};
      bucket.lower = 0;
    } else if (bucket.upper == kQuantileInfinity) {
      return {bucket.lower};
    }
  } else if (bucket.lower < 0 && bucket.upper > 0) {
    NarrowZeroBucket(h, bucket);
  }
  const double count = std::min(found.count, h.count);
  if (count < rank) {
    if (has_nan) return {kQuantileNan, NanEffect::kResultIsNan};
    return {bucket.upper};
  }
  rank = ascending ? rank - (count - bucket.count) : count - rank;
  QuantileResult result;
  if (has_nan && CountOf(buckets) < h.count) result.nan = NanEffect::kResultIsHigher;
  result.value = PointAt(bucket, rank / bucket.count, h.UsesCustomBuckets());
  return result;
}

FractionResult Fraction(double lower, double upper, const NativeHistogram& h) {
  if (h.count == 0 || std::isnan(lower) || std::isnan(upper)) return {kQuantileNan};
  if (lower >= upper) return {0};
  const std::vector<Bucket> buckets = AllBuckets(h);
  FractionResult result;
  double total = h.count;
  if (std::isnan(h.sum)) {
    total = CountOf(buckets);
    result.nan_excluded = total < h.count;
  }
  // How many observations are at or below `v`.
  const auto rank_of = [&](double v) {
    double rank = 0;
    for (Bucket bucket : buckets) {
      const bool zero = bucket.lower <= 0 && bucket.upper >= 0;
      if (zero) NarrowZeroBucket(h, bucket);
      if (bucket.lower >= v) return std::min(rank, total);
      if (bucket.upper > v) {
        const bool linear = zero || h.UsesCustomBuckets();
        // Nobody knows how a bucket without a lower end is spread.
        const double inside = bucket.lower == -kQuantileInfinity ? 1 : FractionBelow(bucket, v, linear);
        return std::min(rank + bucket.count * inside, total);
      }
      rank += bucket.count;
    }
    return total;
  };
  const double upper_rank = rank_of(upper);
  result.value = (upper_rank - rank_of(lower)) / h.count;
  return result;
}

double Variance(const NativeHistogram& h) {
  const double mean = h.sum / h.count;
  KahanSum variance;
  for (const Bucket& bucket : AllBuckets(h)) {
    if (bucket.count == 0) continue;
    double middle = 0;
    if (h.UsesCustomBuckets()) {
      middle = (bucket.upper + bucket.lower) / 2;
    } else if (bucket.lower > 0 || bucket.upper < 0) {
      middle = std::copysign(std::sqrt(bucket.upper * bucket.lower), bucket.upper);
    }
    const double delta = middle - mean;
    variance.Add(bucket.count * delta * delta);
  }
  return variance.Total() / h.count;
}

}  // namespace bellwether::promql::histogram
