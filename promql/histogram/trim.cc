#include "promql/histogram/trim.h"

#include <cmath>
#include <limits>
#include <vector>

#include "promql/histogram/arithmetic.h"
#include "promql/histogram/buckets.h"
#include "promql/histogram/interpolation.h"

namespace bellwether::promql::histogram {
namespace {

using metric::NativeHistogram;

// How much of a bucket stays, and where its observations are taken to lie.
struct Kept {
  double count = 0;
  double middle = 0;
};

double FiniteOrZero(double v) { return std::isinf(v) ? 0 : v; }

class Trimmer {
 public:
  Trimmer(const NativeHistogram& h, double bound, Keep keep)
      : h_(h), bound_(bound), below_(keep == Keep::kAtOrBelow), custom_(h.UsesCustomBuckets()) {}

  NativeHistogram Run() {
    NativeHistogram out = h_;
    out.is_float = true;
    const bool has_positive = Side(PositiveBuckets(h_), true, out.positive_buckets);
    const bool has_negative = Side(NegativeBuckets(h_), false, out.negative_buckets);
    if (h_.zero_count > 0) {
      const Kept kept = OfZeroBucket(has_positive, has_negative);
      Count(kept, h_.zero_count);
      out.zero_count = kept.count;
    }
    if (!removed_) return h_;
    out.count = count_;
    out.sum = sum_;
    return Compact(out);
  }

 private:
  void Count(const Kept& kept, double before) {
    count_ += kept.count;
    sum_ += kept.middle * kept.count;
    removed_ = removed_ || kept.count != before;
  }

  // True if the side is populated.
  bool Side(const std::vector<Bucket>& buckets, bool positive, std::vector<double>& counts) {
    bool populated = false;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      if (buckets[i].count == 0) continue;
      populated = true;
      const Kept kept = OfBucket(buckets[i], positive);
      Count(kept, buckets[i].count);
      counts[i] = kept.count;
    }
    return populated;
  }

  Kept OfBucket(const Bucket& bucket, bool positive) const {
    const bool inside = bucket.lower < bound_ && bound_ < bucket.upper;
    if (!inside) {
      const bool stays = below_ ? bucket.upper <= bound_ : bucket.lower >= bound_;
      return stays ? Kept{bucket.count, Middle(bucket.lower, bucket.upper, positive)} : Kept{};
    }
    if (bucket.lower == -kInfinite) return OfLowest(bucket);
    if (bucket.upper == kInfinite) return below_ ? Kept{0, FiniteOrZero(bucket.lower)} : Kept{bucket.count, bound_};
    const double share = bucket.count * FractionBelow(bucket, bound_, custom_);
    if (below_) return {share, Middle(bucket.lower, bound_, positive)};
    return {bucket.count - share, Middle(bound_, bucket.upper, positive)};
  }

  // Without a lower end: it is taken to begin at zero if it ends above; how it is spread below zero nobody knows.
  Kept OfLowest(const Bucket& bucket) const {
    const bool spread = bucket.upper > 0 && bucket.upper != kInfinite;
    if (below_) {
      if (bound_ > 0 && spread) return {bucket.count * bound_ / bucket.upper, bound_ / 2};
      if (bucket.upper <= 0) return {bucket.count, bound_};
    } else if (bound_ >= 0 && spread) {
      return {bucket.count * (1 - bound_ / bucket.upper), (bound_ + bucket.upper) / 2};
    }
    return {0, FiniteOrZero(bucket.upper)};
  }

  Kept OfZeroBucket(bool has_positive, bool has_negative) const {
    const double count = h_.zero_count;
    const double lower = has_positive && !has_negative ? 0 : -h_.zero_threshold;
    const double upper = has_negative && !has_positive ? 0 : h_.zero_threshold;
    if (bound_ <= lower) return below_ ? Kept{} : Kept{count, (lower + upper) / 2};
    if (bound_ >= upper) return below_ ? Kept{count, (lower + upper) / 2} : Kept{};
    if (below_) return {count * ((bound_ - lower) / (upper - lower)), (lower + bound_) / 2};
    return {count * ((upper - bound_) / (upper - lower)), (bound_ + upper) / 2};
  }

  double Middle(double lower, double upper, bool positive) const {
    if (std::isinf(lower)) {
      if (std::isinf(upper)) return 0;
      return upper > 0 ? upper / 2 : upper;
    }
    if (std::isinf(upper)) return lower;
    if (custom_) return (lower + upper) / 2;
    const double geometric = std::sqrt(std::fabs(lower * upper));
    return positive ? geometric : -geometric;
  }

  static constexpr double kInfinite = std::numeric_limits<double>::infinity();

  const NativeHistogram& h_;
  double bound_;
  bool below_;
  bool custom_;
  double count_ = 0;
  double sum_ = 0;
  bool removed_ = false;
};

}  // namespace

NativeHistogram Trim(const NativeHistogram& h, double bound, Keep keep) { return Trimmer(h, bound, keep).Run(); }

}  // namespace bellwether::promql::histogram
