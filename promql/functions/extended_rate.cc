#include "promql/functions/extended_rate.h"

#include <memory>
#include <optional>
#include <utility>

#include "promql/eval/interpolation.h"
#include "promql/histogram/arithmetic.h"

namespace bellwether::promql {
namespace {

// What a counter lost at the drops strictly inside the range; drops across its ends are in `left` and `right` already.
double LostAtDrops(const FloatColumn& f, const ExtendedBounds& at, const Window& w, double left, double right) {
  const std::size_t begin = f.times[at.first] <= w.start ? at.first + 1 : at.first;
  const std::size_t end = f.times[at.last] >= w.end ? at.last : at.last + 1;
  double lost = 0;
  double previous = left;
  for (std::size_t i = begin; i < end; ++i) {
    if (f.values[i] < previous) lost += previous;
    previous = f.values[i];
  }
  return right < previous ? lost + previous : lost;
}

// The same story for histograms.
class ExtendedHistogramChange {
 public:
  ExtendedHistogramChange(const RangeCall& call, const SeriesSamples& series, const Window& w, bool is_counter)
      : call_(call), column_(series.histograms), metric_(series.labels.Name()), w_(w), is_counter_(is_counter) {}

  // Null: no result, and why is noted.
  [[nodiscard]] std::optional<metric::NativeHistogram> Compute() {
    if (!FindExtendedBounds(column_.times, w_.histogram_begin, w_.histogram_end, w_, call_.smoothed, at_)) {
      return std::nullopt;
    }
    if (!Check()) return std::nullopt;
    const HistogramPtr left = Left();
    const HistogramPtr right = left != nullptr ? Right() : nullptr;
    if (right == nullptr) return std::nullopt;
    if (!is_counter_ && (!IsGauge(*left) || !IsGauge(*right))) call_.Note(HistogramNotGauge(metric_, call_.position));

    metric::NativeHistogram change;
    if (!Combine(histogram::Subtract(*right, *left), "subtraction", change)) return std::nullopt;
    if (is_counter_ && !AddAtDrops(*left, *right, change)) return std::nullopt;
    return change;
  }

 private:
  [[nodiscard]] const metric::NativeHistogram& At(std::size_t i) const { return *column_.values[i]; }
  static bool IsGauge(const metric::NativeHistogram& h) { return h.reset_hint == metric::CounterResetHint::kGauge; }
  [[nodiscard]] InterpolationNotes Notes() const { return {call_.context.annotations, metric_, call_.position}; }

  bool NoteMixed() const {
    call_.Note(MixedExponentialCustom(metric_, call_.position));
    return false;
  }

  bool Check() const {
    for (std::size_t i = at_.first; i <= at_.last; ++i) {
      if (At(i).UsesCustomBuckets() != At(at_.first).UsesCustomBuckets()) return NoteMixed();
      if (is_counter_ && IsGauge(At(i))) call_.Note(HistogramNotCounter(metric_, call_.position));
    }
    return true;
  }

  [[nodiscard]] bool LeftIsBetween() const { return call_.smoothed && column_.times[at_.first] < w_.start; }

  [[nodiscard]] HistogramPtr Left() const {
    const std::size_t i = at_.first;
    if (!LeftIsBetween()) return column_.values[i];
    return InterpolateHistograms({column_.times[i], column_.values[i]}, {column_.times[i + 1], column_.values[i + 1]},
                                 w_.start, is_counter_, Notes());
  }

  [[nodiscard]] HistogramPtr Right() const {
    const std::size_t i = at_.last;
    if (!call_.smoothed || i == w_.histogram_begin || column_.times[i] <= w_.end) return column_.values[i];
    return InterpolateHistograms({column_.times[i - 1], column_.values[i - 1]}, {column_.times[i], column_.values[i]},
                                 w_.end, is_counter_, Notes());
  }

  // Adds what the counter lost at its drops, but for one that the interpolation at the left end went across already.
  // The last sample stands in `right`, which inherits its hint.
  bool AddAtDrops(const metric::NativeHistogram& left, const metric::NativeHistogram& right,
                  metric::NativeHistogram& change) const {
    std::size_t begin = at_.first + 1;
    const metric::NativeHistogram* previous = &left;
    if (LeftIsBetween() && histogram::DetectReset(At(at_.first + 1), At(at_.first))) {
      previous = &At(at_.first + 1);
      ++begin;
    }
    if (begin > at_.last) return true;
    for (std::size_t i = begin; i <= at_.last; ++i) {
      const metric::NativeHistogram& current = i == at_.last ? right : At(i);
      if (histogram::DetectReset(current, *previous) &&
          !Combine(histogram::Add(change, *previous), "addition", change)) {
        return false;
      }
      previous = &current;
    }
    return true;
  }

  bool Combine(histogram::Combined combined, std::string_view operation, metric::NativeHistogram& into) const {
    if (combined.incompatible) return NoteMixed();
    if (combined.bounds_reconciled) call_.Note(MismatchedCustomBuckets(operation, call_.position));
    into = std::move(combined.value);
    return true;
  }

  const RangeCall& call_;
  const HistogramColumn& column_;
  const std::string_view metric_;
  const Window& w_;
  const bool is_counter_;
  ExtendedBounds at_;
};

}  // namespace

bool ExtendedFloatRate(const RangeCall& call, const FloatColumn& floats, const Window& w, RateKind kind,
                       double& result) {
  ExtendedBounds at;
  if (!FindExtendedBounds(floats.times, w.float_begin, w.float_end, w, call.smoothed, at)) return false;
  const bool is_counter = kind != RateKind::kDelta;
  const double left = LeftEnd(floats, at, w, call.smoothed, is_counter);
  const double right = RightEnd(floats, at, w, call.smoothed, is_counter);
  result = right - left;
  if (is_counter) result += LostAtDrops(floats, at, w, left, right);
  if (kind == RateKind::kRate) result /= call.window.range.seconds();
  return true;
}

HistogramPtr ExtendedHistogramRate(const RangeCall& call, const SeriesSamples& series, const Window& w, RateKind kind) {
  ExtendedHistogramChange changes(call, series, w, kind != RateKind::kDelta);
  std::optional<metric::NativeHistogram> change = changes.Compute();
  if (!change) return nullptr;
  if (kind == RateKind::kRate) change = histogram::Divide(*change, call.window.range.seconds());
  change->reset_hint = metric::CounterResetHint::kGauge;
  return std::make_shared<const metric::NativeHistogram>(*std::move(change));
}

}  // namespace bellwether::promql
