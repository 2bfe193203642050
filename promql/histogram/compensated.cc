#include "promql/histogram/compensated.h"

#include <algorithm>

#include "promql/histogram/arithmetic.h"
#include "promql/histogram/buckets.h"

namespace bellwether::promql::histogram {

using metric::NativeHistogram;

CompensatedHistogram::Side CompensatedHistogram::ToSide(const std::vector<metric::BucketSpan>& spans,
                                                        const std::vector<double>& counts) {
  Side side;
  side.reserve(counts.size());
  for (const IndexedCount& bucket : Flatten(spans, counts)) side.push_back({bucket.index, {bucket.count, 0}});
  return side;
}

CompensatedHistogram::CompensatedHistogram(const NativeHistogram& first)
    : zero_count_{first.zero_count, 0},
      count_{first.count, 0},
      sum_{first.sum, 0},
      positive_(ToSide(first.positive_spans, first.positive_buckets)),
      negative_(ToSide(first.negative_spans, first.negative_buckets)) {
  shape_.is_float = true;
  shape_.reset_hint = first.reset_hint;
  shape_.schema = first.schema;
  shape_.zero_threshold = first.zero_threshold;
  shape_.custom_values = first.custom_values;
}

CompensatedHistogram::Side CompensatedHistogram::Coarsened(const Side& side, int diff) {
  if (diff == 0) return side;
  Side out;
  for (const IndexedValue& bucket : side) {
    const std::int32_t index = CoarserIndex(bucket.index, diff);
    if (!out.empty() && out.back().index == index) {
      out.back().count.Add(bucket.count);
    } else {
      out.push_back({index, bucket.count});
    }
  }
  return out;
}

CompensatedHistogram::Side CompensatedHistogram::Merged(const Side& a, const Side& b) {
  Side out;
  out.reserve(std::max(a.size(), b.size()));
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (j == b.size() || (i < a.size() && a[i].index < b[j].index)) {
      out.push_back(a[i++]);
    } else if (i == a.size() || b[j].index < a[i].index) {
      out.push_back(b[j++]);
    } else {
      out.push_back(a[i++]);
      out.back().count.Add(b[j++].count);
    }
  }
  return out;
}

CompensatedHistogram::Side CompensatedHistogram::AtBounds(const Side& side, const std::vector<double>& from,
                                                          const std::vector<double>& to) {
  Side out;
  for (const IndexedValue& bucket : side) {
    const double upper = UpperBound(bucket.index, metric::kCustomBucketsSchema, from);
    const auto index = static_cast<std::int32_t>(std::lower_bound(to.begin(), to.end(), upper) - to.begin());
    if (out.empty() || out.back().index != index) out.push_back({index, {}});
    out.back().count.Add(bucket.count);
  }
  return out;
}

CompensatedHistogram::Outcome CompensatedHistogram::Add(const NativeHistogram& h) {
  Outcome outcome;
  if (h.UsesCustomBuckets() != shape_.UsesCustomBuckets()) {
    outcome.incompatible = true;
    return outcome;
  }
  bool collision = false;
  shape_.reset_hint = CombineHints(shape_.reset_hint, h.reset_hint, collision);
  if (h.UsesCustomBuckets()) {
    outcome.bounds_reconciled = AddCustom(h);
  } else {
    AddExponential(h);
  }
  count_.Add(h.count);
  sum_.Add(h.sum);
  return outcome;
}

// True if the bounds differed.
bool CompensatedHistogram::AddCustom(const NativeHistogram& h) {
  const Side other = ToSide(h.positive_spans, h.positive_buckets);
  if (h.custom_values == shape_.custom_values) {
    positive_ = Merged(positive_, other);
    return false;
  }
  std::vector<double> bounds = CommonBounds(shape_.custom_values, h.custom_values);
  positive_ = Merged(AtBounds(positive_, shape_.custom_values, bounds), AtBounds(other, h.custom_values, bounds));
  shape_.custom_values = std::move(bounds);
  return true;
}

void CompensatedHistogram::AddExponential(const NativeHistogram& h) {
  zero_count_.Add(ReconcileZero(h));
  const std::int32_t schema = std::min(shape_.schema, h.schema);
  const auto outside = [&](Side side) {
    const auto inside = [&](const IndexedValue& b) {
      return UpperBound(b.index, h.schema, {}) <= shape_.zero_threshold;
    };
    side.erase(side.begin(), std::find_if_not(side.begin(), side.end(), inside));
    return side;
  };
  const auto add = [&](Side& side, Side other) {
    side = Merged(Coarsened(side, shape_.schema - schema), Coarsened(outside(std::move(other)), h.schema - schema));
  };
  add(positive_, ToSide(h.positive_spans, h.positive_buckets));
  add(negative_, ToSide(h.negative_spans, h.negative_buckets));
  shape_.schema = schema;
}

KahanSum CompensatedHistogram::ReconcileZero(const NativeHistogram& h) {
  WidenedZero other{h.zero_threshold, h.zero_count};
  while (other.threshold != shape_.zero_threshold) {
    if (shape_.zero_threshold > other.threshold) other = WidenZero(h, shape_.zero_threshold);
    if (other.threshold > shape_.zero_threshold) WidenZeroTo(WidenZero(Values(), other.threshold).threshold);
  }
  return {other.count, 0};
}

void CompensatedHistogram::WidenZeroTo(double threshold) {
  for (Side* side : {&positive_, &negative_}) {
    auto at = side->begin();
    for (; at != side->end() && UpperBound(at->index, shape_.schema, {}) <= threshold; ++at) {
      zero_count_.Add(at->count);
    }
    side->erase(side->begin(), at);
  }
  shape_.zero_threshold = threshold;
}

NativeHistogram CompensatedHistogram::Values() const {
  NativeHistogram out = shape_;
  const auto pack = [](const Side& side, auto& spans, auto& counts) {
    std::vector<IndexedCount> flat;
    flat.reserve(side.size());
    for (const IndexedValue& bucket : side) flat.push_back({bucket.index, bucket.count.sum});
    Pack(flat, spans, counts);
  };
  out.zero_count = zero_count_.sum;
  out.count = count_.sum;
  out.sum = sum_.sum;
  pack(positive_, out.positive_spans, out.positive_buckets);
  pack(negative_, out.negative_spans, out.negative_buckets);
  return out;
}

NativeHistogram CompensatedHistogram::Total() const {
  CompensatedHistogram whole = *this;
  whole.ForEach([](KahanSum& v) { v = {v.Total(), 0}; });
  return whole.Values();
}

template <typename F>
void CompensatedHistogram::ForEach(F&& f) {
  f(zero_count_);
  f(count_);
  f(sum_);
  for (IndexedValue& bucket : positive_) f(bucket.count);
  for (IndexedValue& bucket : negative_) f(bucket.count);
}

void CompensatedHistogram::Scale(double factor) {
  ForEach([&](KahanSum& v) { v = {v.sum * factor, v.lost * factor}; });
}

void CompensatedHistogram::Divide(double divisor) {
  ForEach([&](KahanSum& v) { v = {v.sum / divisor, v.lost / divisor}; });
}

bool CompensatedHistogram::HasOverflow() const { return histogram::HasOverflow(Values()); }

}  // namespace bellwether::promql::histogram
