#include "promql/histogram/arithmetic.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <utility>

#include "promql/histogram/buckets.h"

namespace bellwether::promql::histogram {
namespace {

using metric::CounterResetHint;
using metric::NativeHistogram;

// Merges neighbours that fall together in a schema `diff` lower.
std::vector<IndexedCount> Coarsen(std::vector<IndexedCount> flat, int diff) {
  if (diff == 0) return flat;
  std::size_t size = 0;
  for (const IndexedCount& bucket : flat) {
    const std::int32_t index = CoarserIndex(bucket.index, diff);
    if (size > 0 && flat[size - 1].index == index) {
      flat[size - 1].count += bucket.count;
    } else {
      flat[size++] = {index, bucket.count};
    }
  }
  flat.resize(size);
  return flat;
}

// Without the buckets that end within `threshold` of zero.
std::vector<IndexedCount> OutsideOf(double threshold, std::vector<IndexedCount> flat, std::int32_t schema) {
  const auto inside = [&](const IndexedCount& b) { return UpperBound(b.index, schema, {}) <= threshold; };
  flat.erase(flat.begin(), std::find_if_not(flat.begin(), flat.end(), inside));
  return flat;
}

std::vector<IndexedCount> Merge(const std::vector<IndexedCount>& a, const std::vector<IndexedCount>& b, double sign) {
  std::vector<IndexedCount> out;
  out.reserve(a.size() + b.size());
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (j == b.size() || (i < a.size() && a[i].index < b[j].index)) {
      out.push_back(a[i++]);
    } else if (i == a.size() || b[j].index < a[i].index) {
      out.push_back({b[j].index, sign * b[j].count});
      ++j;
    } else {
      out.push_back({a[i].index, a[i].count + sign * b[j].count});
      ++i;
      ++j;
    }
  }
  return out;
}

// Brings custom buckets to `bounds`, a subset of their own: each goes to the first bound at or above its upper one.
std::vector<IndexedCount> AtBounds(const NativeHistogram& h, std::span<const double> bounds) {
  std::vector<IndexedCount> out(bounds.size() + 1);
  for (std::size_t i = 0; i < out.size(); ++i) out[i].index = static_cast<std::int32_t>(i);
  for (const IndexedCount& bucket : Flatten(h.positive_spans, h.positive_buckets)) {
    const double upper = UpperBound(bucket.index, h.schema, h.custom_values);
    const auto target = std::lower_bound(bounds.begin(), bounds.end(), upper) - bounds.begin();
    out[static_cast<std::size_t>(target)].count += bucket.count;
  }
  return out;
}

void CombineCustom(const NativeHistogram& a, const NativeHistogram& b, double sign, Combined& out) {
  if (a.custom_values == b.custom_values) {
    Pack(Merge(Flatten(a.positive_spans, a.positive_buckets), Flatten(b.positive_spans, b.positive_buckets), sign),
         out.value.positive_spans, out.value.positive_buckets);
    return;
  }
  out.bounds_reconciled = true;
  out.value.custom_values = CommonBounds(a.custom_values, b.custom_values);
  Pack(Merge(AtBounds(a, out.value.custom_values), AtBounds(b, out.value.custom_values), sign),
       out.value.positive_spans, out.value.positive_buckets);
}

// The narrowest zero bucket for both.
void CombineZero(const NativeHistogram& a, const NativeHistogram& b, double sign, NativeHistogram& out) {
  WidenedZero of_a{a.zero_threshold, a.zero_count};
  WidenedZero of_b{b.zero_threshold, b.zero_count};
  while (of_a.threshold != of_b.threshold) {
    if (of_a.threshold > of_b.threshold) of_b = WidenZero(b, of_a.threshold);
    if (of_b.threshold > of_a.threshold) of_a = WidenZero(a, of_b.threshold);
  }
  out.zero_threshold = of_a.threshold;
  out.zero_count = of_a.count + sign * of_b.count;
}

void CombineExponential(const NativeHistogram& a, const NativeHistogram& b, double sign, NativeHistogram& out) {
  CombineZero(a, b, sign, out);
  out.schema = std::min(a.schema, b.schema);
  const auto side = [&](auto spans, auto counts) {
    // Before the resolution is reduced: the threshold cuts no populated bucket of `a` or `b` as they are.
    const auto reduced = [&](const NativeHistogram& h, bool widened) {
      std::vector<IndexedCount> flat = Flatten(h.*spans, h.*counts);
      if (widened) flat = OutsideOf(out.zero_threshold, std::move(flat), h.schema);
      return Coarsen(std::move(flat), h.schema - out.schema);
    };
    Pack(Merge(reduced(a, a.zero_threshold != out.zero_threshold), reduced(b, true), sign), out.*spans, out.*counts);
  };
  side(&NativeHistogram::positive_spans, &NativeHistogram::positive_buckets);
  side(&NativeHistogram::negative_spans, &NativeHistogram::negative_buckets);
}

Combined Combine(const NativeHistogram& a, const NativeHistogram& b, double sign) {
  Combined out;
  if (a.UsesCustomBuckets() != b.UsesCustomBuckets()) {
    out.incompatible = true;
    return out;
  }
  out.value.is_float = true;
  out.value.schema = a.schema;
  out.value.custom_values = a.custom_values;
  out.value.reset_hint = CombineHints(a.reset_hint, b.reset_hint, out.reset_collision);
  out.value.count = a.count + sign * b.count;
  out.value.sum = a.sum + sign * b.sum;
  if (a.UsesCustomBuckets()) {
    CombineCustom(a, b, sign, out);
  } else {
    CombineExponential(a, b, sign, out.value);
  }
  return out;
}

bool SameDoubleBits(double x, double y) { return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y); }

bool SameSide(const std::vector<metric::BucketSpan>& spans_a, const std::vector<double>& counts_a,
              const std::vector<metric::BucketSpan>& spans_b, const std::vector<double>& counts_b) {
  const auto a = Flatten(spans_a, counts_a);
  const auto b = Flatten(spans_b, counts_b);
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const IndexedCount& x, const IndexedCount& y) {
    return x.index == y.index && SameDoubleBits(x.count, y.count);
  });
}

// Whether a populated bucket of `previous` is smaller or missing in `current`.
bool AnyDecreased(const std::vector<IndexedCount>& current, const std::vector<IndexedCount>& previous) {
  auto at = current.begin();
  for (const IndexedCount& before : previous) {
    while (at != current.end() && at->index < before.index) ++at;
    if (at != current.end() && at->index == before.index) {
      if (at->count < before.count) return true;
    } else if (before.count != 0) {
      return true;
    }
  }
  return false;
}

}  // namespace

CounterResetHint CombineHints(CounterResetHint a, CounterResetHint b, bool& collision) {
  if (a == b) return a;
  if (a == CounterResetHint::kGauge || b == CounterResetHint::kGauge) return CounterResetHint::kGauge;
  collision = collision || (a != CounterResetHint::kUnknown && b != CounterResetHint::kUnknown);
  return CounterResetHint::kUnknown;
}

std::vector<double> CommonBounds(std::span<const double> a, std::span<const double> b) {
  std::vector<double> out;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

Combined Add(const NativeHistogram& a, const NativeHistogram& b) { return Combine(a, b, 1); }
Combined Subtract(const NativeHistogram& a, const NativeHistogram& b) { return Combine(a, b, -1); }

NativeHistogram Compact(const NativeHistogram& h) {
  NativeHistogram out = h;
  Pack(Flatten(h.positive_spans, h.positive_buckets), out.positive_spans, out.positive_buckets);
  Pack(Flatten(h.negative_spans, h.negative_buckets), out.negative_spans, out.negative_buckets);
  return out;
}

NativeHistogram Scale(const NativeHistogram& h, double factor) {
  NativeHistogram out = h;
  out.is_float = true;
  out.zero_count *= factor;
  out.count *= factor;
  out.sum *= factor;
  for (double& count : out.positive_buckets) count *= factor;
  for (double& count : out.negative_buckets) count *= factor;
  if (factor < 0) out.reset_hint = CounterResetHint::kGauge;
  return Compact(out);
}

NativeHistogram Divide(const NativeHistogram& h, double divisor) {
  NativeHistogram out = h;
  out.is_float = true;
  out.zero_count /= divisor;
  out.count /= divisor;
  out.sum /= divisor;
  if (divisor == 0) {
    out.positive_spans.clear();
    out.negative_spans.clear();
    out.positive_buckets.clear();
    out.negative_buckets.clear();
    return out;
  }
  for (double& count : out.positive_buckets) count /= divisor;
  for (double& count : out.negative_buckets) count /= divisor;
  if (divisor < 0) out.reset_hint = CounterResetHint::kGauge;
  return Compact(out);
}

bool Equal(const NativeHistogram& a, const NativeHistogram& b) {
  return a.schema == b.schema && SameDoubleBits(a.count, b.count) && SameDoubleBits(a.sum, b.sum) &&
         (!a.UsesCustomBuckets() || a.custom_values == b.custom_values) && a.zero_threshold == b.zero_threshold &&
         SameDoubleBits(a.zero_count, b.zero_count) &&
         SameSide(a.positive_spans, a.positive_buckets, b.positive_spans, b.positive_buckets) &&
         SameSide(a.negative_spans, a.negative_buckets, b.negative_spans, b.negative_buckets);
}

bool DetectReset(const NativeHistogram& current, const NativeHistogram& previous) {
  if (current.reset_hint == CounterResetHint::kReset) return true;
  if (current.reset_hint == CounterResetHint::kNotReset) return false;
  if (current.count < previous.count) return true;
  if (current.UsesCustomBuckets()) {
    if (!previous.UsesCustomBuckets()) return true;
    if (current.custom_values != previous.custom_values) {
      const std::vector<double> bounds = CommonBounds(current.custom_values, previous.custom_values);
      return AnyDecreased(AtBounds(current, bounds), AtBounds(previous, bounds));
    }
  }
  // Also from custom to exponential buckets: the custom schema is the lowest number.
  if (current.schema > previous.schema || current.zero_threshold < previous.zero_threshold) return true;
  const WidenedZero zero = WidenZero(previous, current.zero_threshold);
  if (zero.threshold != current.zero_threshold || current.zero_count < zero.count) return true;
  if (current.UsesCustomBuckets()) {
    return AnyDecreased(Flatten(current.positive_spans, current.positive_buckets),
                        Flatten(previous.positive_spans, previous.positive_buckets));
  }
  const auto decreased = [&](auto spans, auto counts) {
    const auto side = [&](const NativeHistogram& h) {
      return OutsideOf(current.zero_threshold, Coarsen(Flatten(h.*spans, h.*counts), h.schema - current.schema),
                       current.schema);
    };
    return AnyDecreased(side(current), side(previous));
  };
  return decreased(&NativeHistogram::positive_spans, &NativeHistogram::positive_buckets) ||
         decreased(&NativeHistogram::negative_spans, &NativeHistogram::negative_buckets);
}

bool HasOverflow(const NativeHistogram& h) {
  const auto infinite = [](double v) { return std::isinf(v); };
  return infinite(h.zero_count) || infinite(h.count) || infinite(h.sum) ||
         std::any_of(h.positive_buckets.begin(), h.positive_buckets.end(), infinite) ||
         std::any_of(h.negative_buckets.begin(), h.negative_buckets.end(), infinite) ||
         std::any_of(h.custom_values.begin(), h.custom_values.end(), infinite);
}

}  // namespace bellwether::promql::histogram
