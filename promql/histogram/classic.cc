#include "promql/histogram/classic.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bellwether::promql::histogram {
namespace {

constexpr double kClassicInfinity = std::numeric_limits<double>::infinity();
constexpr double kClassicNan = std::numeric_limits<double>::quiet_NaN();

void SortAndAddUp(std::vector<ClassicBucket>& buckets) {
  std::stable_sort(buckets.begin(), buckets.end(),
                   [](const ClassicBucket& a, const ClassicBucket& b) { return a.upper < b.upper; });
  std::size_t size = 1;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].upper == buckets[size - 1].upper) {
      buckets[size - 1].count += buckets[i].count;
    } else {
      buckets[size++] = buckets[i];
    }
  }
  buckets.resize(size);
}

// Relatively equal but for rounding.
bool NearlyEqual(double a, double b) {
  constexpr double kTolerance = 1e-12;
  constexpr double kSmallestNormal = std::numeric_limits<double>::min();
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  const double sum = std::fabs(a) + std::fabs(b);
  const double difference = std::fabs(a - b);
  if (a == 0 || b == 0 || sum < kSmallestNormal) return difference < kTolerance * kSmallestNormal;
  return difference / std::min(sum, std::numeric_limits<double>::max()) < kTolerance;
}

// Raises every count to that of the bucket below.
void MakeMonotonic(std::vector<ClassicBucket>& buckets, ClassicQuantileResult& result) {
  result.min_bucket = kClassicInfinity;
  result.max_bucket = -kClassicInfinity;
  double before = buckets.front().count;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    ClassicBucket& bucket = buckets[i];
    if (NearlyEqual(before, bucket.count)) {
      bucket.count = before;
    } else if (bucket.count < before) {
      result.forced_monotonic = true;
      result.min_bucket = std::min(result.min_bucket, bucket.upper);
      result.max_bucket = std::max(result.max_bucket, bucket.upper);
      result.max_difference = std::max(result.max_difference, before - bucket.count);
      bucket.count = before;
    } else {
      before = bucket.count;
    }
  }
}

}  // namespace

ClassicQuantileResult ClassicQuantile(double q, std::vector<ClassicBucket> buckets) {
  ClassicQuantileResult result;
  result.value = kClassicNan;
  if (std::isnan(q)) return result;
  if (q < 0 || q > 1) {
    result.value = q < 0 ? -kClassicInfinity : kClassicInfinity;
    return result;
  }
  SortAndAddUp(buckets);
  if (buckets.back().upper != kClassicInfinity) return result;
  MakeMonotonic(buckets, result);
  const double total = buckets.back().count;
  if (buckets.size() < 2 || total == 0) return result;

  double rank = q * total;
  const auto last = buckets.end() - 1;
  const auto found =
      std::partition_point(buckets.begin(), last, [&](const ClassicBucket& b) { return !(b.count >= rank); });
  if (found == last) {
    result.value = (last - 1)->upper;
  } else if (found == buckets.begin() && found->upper <= 0) {
    result.value = found->upper;
  } else {
    double start = 0;
    double count = found->count;
    if (found != buckets.begin()) {
      start = (found - 1)->upper;
      count -= (found - 1)->count;
      rank -= (found - 1)->count;
    }
    result.value = start + (found->upper - start) * (rank / count);
  }
  return result;
}

double ClassicFraction(double lower, double upper, std::vector<ClassicBucket> buckets) {
  SortAndAddUp(buckets);
  const double total = buckets.back().count;
  if (buckets.back().upper != kClassicInfinity || total == 0 || std::isnan(lower) || std::isnan(upper)) {
    return kClassicNan;
  }
  if (lower >= upper) return 0;
  // How many observations are at or below `v`.
  const auto rank_of = [&](double v) {
    double rank = 0;
    double start = buckets.front().upper <= 0 ? -kClassicInfinity : 0;
    for (const ClassicBucket& bucket : buckets) {
      if (start >= v) return std::min(rank, total);
      if (bucket.upper > v) {
        // Nobody knows how a bucket without a lower end is spread.
        if (start == -kClassicInfinity) return std::min(bucket.count, total);
        return std::min(rank + (bucket.count - rank) * (v - start) / (bucket.upper - start), total);
      }
      rank = bucket.count;
      start = bucket.upper;
    }
    return total;
  };
  const double upper_rank = rank_of(upper);
  return (upper_rank - rank_of(lower)) / total;
}

}  // namespace bellwether::promql::histogram
