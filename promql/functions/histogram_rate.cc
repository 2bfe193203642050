#include "promql/functions/histogram_rate.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "promql/functions/extrapolation.h"
#include "promql/functions/start_times.h"
#include "promql/histogram/arithmetic.h"

namespace bellwether::promql {
namespace {

using metric::CounterResetHint;
using metric::NativeHistogram;

HistogramPtr ShareGauge(NativeHistogram h) {
  h.reset_hint = CounterResetHint::kGauge;
  return std::make_shared<const NativeHistogram>(std::move(h));
}

StartedSample StartedHistogram(const HistogramColumn& column, std::size_t i) {
  return {column.StartAt(i), column.times[i]};
}

// The change of a series of histograms over one window.
class HistogramChange {
 public:
  HistogramChange(const RangeCall& call, const SeriesSamples& series, const Window& w, bool is_counter)
      : call_(call),
        column_(series.histograms),
        metric_(series.labels.Name()),
        begin_(w.histogram_begin),
        end_(w.histogram_end),
        is_counter_(is_counter),
        use_starts_(is_counter && call.context.flags.use_start_timestamps && !column_.starts.empty()) {}

  // From at least two samples. False if their buckets do not mix.
  bool Compute(NativeHistogram& change) {
    NativeHistogram first = At(begin_);
    const NativeHistogram& last = At(end_ - 1);
    if (is_counter_ && (IsGauge(first) || IsGauge(last))) NoteNotCounter();
    if (is_counter_ && IsResetAt(begin_ + 1)) first = EmptyLike(At(begin_ + 1));
    std::int32_t schema = std::min(first.schema, last.schema);
    if (!CheckInner(first.UsesCustomBuckets(), schema)) return false;

    change = AtSchema(last, schema);
    if (!Combine(histogram::Subtract(change, first), "subtraction", change)) return false;
    if (is_counter_) {
      if (!AddAtResets(first, change)) return false;
    } else if (!IsGauge(At(begin_)) || !IsGauge(last)) {
      call_.Note(HistogramNotGauge(metric_, call_.position));
    }
    return true;
  }

  // Adds `h` to `change`, taking note of what happens. False if their buckets do not mix.
  bool AddTo(NativeHistogram& change, const NativeHistogram& h) const {
    return Combine(histogram::Add(change, h), "addition", change);
  }

  void NoteOverlaps() const {
    if (!use_starts_) return;
    for (std::size_t i = begin_ + 1; i < end_; ++i) {
      if (!StartOverlaps(StartedHistogram(column_, i - 1), StartedHistogram(column_, i))) continue;
      call_.context.annotations.AddStartTimeOverlap(metric_, call_.position);
      return;
    }
  }

  [[nodiscard]] bool use_starts() const { return use_starts_; }

 private:
  [[nodiscard]] const NativeHistogram& At(std::size_t i) const { return *column_.values[i]; }
  static bool IsGauge(const NativeHistogram& h) { return h.reset_hint == CounterResetHint::kGauge; }

  static NativeHistogram EmptyLike(const NativeHistogram& h) {
    NativeHistogram empty;
    empty.schema = h.schema;
    empty.custom_values = h.custom_values;
    return empty;
  }

  static NativeHistogram AtSchema(const NativeHistogram& h, std::int32_t schema) {
    return h.schema > schema && !h.UsesCustomBuckets() ? metric::ReduceResolution(h, schema) : h;
  }

  [[nodiscard]] bool StartsAnewAt(std::size_t i) const {
    return use_starts_ && StartsAnew(StartedHistogram(column_, i - 1), StartedHistogram(column_, i));
  }
  [[nodiscard]] bool IsResetAt(std::size_t i) const {
    return StartsAnewAt(i) || histogram::DetectReset(At(i), At(i - 1));
  }

  void NoteNotCounter() const { call_.Note(HistogramNotCounter(metric_, call_.position)); }

  bool NoteMixed() const {
    call_.Note(MixedExponentialCustom(metric_, call_.position));
    return false;
  }

  // Looks at everything between the ends: one kind of buckets, of which the coarsest schema counts.
  bool CheckInner(bool custom, std::int32_t& schema) const {
    if (At(end_ - 1).UsesCustomBuckets() != custom) return NoteMixed();
    if (!is_counter_) return true;
    for (std::size_t i = begin_ + 1; i + 1 < end_; ++i) {
      if (IsGauge(At(i))) NoteNotCounter();
      schema = std::min(schema, At(i).schema);
      if (At(i).UsesCustomBuckets() != custom) return NoteMixed();
    }
    return true;
  }

  bool AddAtResets(const NativeHistogram& first, NativeHistogram& change) const {
    NoteOverlaps();
    for (std::size_t i = begin_ + 1; i < end_; ++i) {
      const NativeHistogram& previous = i == begin_ + 1 ? first : At(i - 1);
      if (!StartsAnewAt(i) && !histogram::DetectReset(At(i), previous)) continue;
      if (!AddTo(change, previous)) return false;
    }
    return true;
  }

  bool Combine(histogram::Combined combined, std::string_view operation, NativeHistogram& into) const {
    if (combined.incompatible) return NoteMixed();
    if (combined.bounds_reconciled) call_.Note(MismatchedCustomBuckets(operation, call_.position));
    into = std::move(combined.value);
    return true;
  }

  const RangeCall& call_;
  const HistogramColumn& column_;
  const std::string_view metric_;
  const std::size_t begin_;
  const std::size_t end_;
  const bool is_counter_;
  const bool use_starts_;
};

}  // namespace

HistogramPtr HistogramRate(const RangeCall& call, const SeriesSamples& series, const Window& w, RateKind kind) {
  const HistogramColumn& column = series.histograms;
  const std::size_t first = w.histogram_begin;
  ExtrapolationInput in{.range_start = w.start,
                        .range_end = w.end,
                        .first = column.times[first],
                        .last = column.times[w.histogram_end - 1],
                        .samples = w.histograms(),
                        .is_counter = kind != RateKind::kDelta,
                        .counter_start = {}};
  HistogramChange changes(call, series, w, in.is_counter);
  NativeHistogram change;
  if (in.samples > 1 && !changes.Compute(change)) return nullptr;
  const base::TimestampMs start = column.StartAt(first);
  if (changes.use_starts() && start.ms != 0 && start > w.start && start < in.first) {
    in.counter_start = start;
    if (in.samples == 1) {
      change = *column.values[first];
    } else if (!changes.AddTo(change, *column.values[first])) {
      return nullptr;
    }
  } else if (in.samples < 2) {
    return nullptr;
  }
  in.first_value = column.values[first]->count;
  in.increase = change.count;
  double factor = ExtrapolationFactor(in);
  if (kind == RateKind::kRate) factor /= call.window.range.seconds();
  return ShareGauge(histogram::Scale(change, factor));
}

HistogramPtr InstantHistogramRate(const RangeCall& call, const SeriesSamples& series,
                                  std::pair<std::size_t, std::size_t> indices, bool anew, bool is_rate,
                                  double seconds) {
  const NativeHistogram& before = *series.histograms.values[indices.first];
  const NativeHistogram& last = *series.histograms.values[indices.second];
  const std::string_view metric = series.labels.Name();
  const int gauges =
      (before.reset_hint == CounterResetHint::kGauge ? 1 : 0) + (last.reset_hint == CounterResetHint::kGauge ? 1 : 0);
  if (is_rate && gauges > 0) call.Note(HistogramNotCounter(metric, call.position));
  if (!is_rate && gauges < 2) call.Note(HistogramNotGauge(metric, call.position));

  NativeHistogram result = last;
  if (!is_rate || (!anew && !histogram::DetectReset(last, before))) {
    histogram::Combined combined = histogram::Subtract(last, before);
    if (combined.incompatible) {
      call.Note(MixedExponentialCustom(metric, call.position));
      return nullptr;
    }
    if (combined.bounds_reconciled) call.Note(MismatchedCustomBuckets("subtraction", call.position));
    result = std::move(combined.value);
  }
  result = histogram::Compact(result);
  return ShareGauge(is_rate ? histogram::Divide(result, seconds) : std::move(result));
}

}  // namespace bellwether::promql
