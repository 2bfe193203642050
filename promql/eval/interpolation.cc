#include "promql/eval/interpolation.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "promql/eval/histogram_values.h"

namespace bellwether::promql {

double Interpolate(const TimedFloat& a, const TimedFloat& b, base::TimestampMs t, bool is_counter) {
  const double from = is_counter && b.value < a.value ? 0 : a.value;
  return from + (b.value - from) * static_cast<double>((t - a.time).ms) / static_cast<double>((b.time - a.time).ms);
}

HistogramPtr InterpolateHistograms(const TimedHistogram& a, const TimedHistogram& b, base::TimestampMs t,
                                   bool is_counter, const InterpolationNotes& notes) {
  if (t == a.time) return a.value;
  if (t == b.time) return b.value;
  const double fraction = static_cast<double>((t - a.time).ms) / static_cast<double>((b.time - a.time).ms);
  if (is_counter && DetectsReset(*b.value, *a.value)) return ScaleHistogram(*b.value, fraction);

  const HistogramOutcome difference = SubtractHistograms(*b.value, *a.value);
  HistogramOutcome result;
  if (difference.value != nullptr) {
    if (difference.reconciled) notes.annotations.Add(MismatchedCustomBuckets("subtraction", notes.position));
    auto part = std::make_shared<metric::NativeHistogram>(*ScaleHistogram(*difference.value, fraction));
    part->reset_hint = b.value->reset_hint;
    result = AddHistograms(*part, *a.value);
    if (result.reconciled) notes.annotations.Add(MismatchedCustomBuckets("addition", notes.position));
  }
  if (result.value == nullptr) notes.annotations.Add(MixedExponentialCustom(notes.metric, notes.position));
  return result.value;
}

bool FindExtendedBounds(const std::vector<base::TimestampMs>& times, std::size_t begin, std::size_t end,
                        const Window& w, bool smoothed, ExtendedBounds& bounds) {
  using Difference = std::vector<base::TimestampMs>::difference_type;
  const auto from = times.begin() + static_cast<Difference>(begin);
  const auto to = times.begin() + static_cast<Difference>(end);
  const auto index = [&](auto it) { return static_cast<std::size_t>(it - times.begin()); };
  bounds.last = end - 1;
  const std::size_t after_start = index(std::upper_bound(from, to - 1, w.start));
  bounds.first = after_start > begin ? after_start - 1 : begin;
  if (smoothed) bounds.last = index(std::lower_bound(from, to - 1, w.end));
  if (times[bounds.last] <= w.start) return false;
  return !smoothed || times[bounds.first] <= w.end;
}

double LeftEnd(const FloatColumn& f, const ExtendedBounds& at, const Window& w, bool smoothed, bool is_counter) {
  const std::size_t i = at.first;
  if (!smoothed || f.times[i] >= w.start) return f.values[i];
  return Interpolate({f.times[i], f.values[i]}, {f.times[i + 1], f.values[i + 1]}, w.start, is_counter);
}

double RightEnd(const FloatColumn& f, const ExtendedBounds& at, const Window& w, bool smoothed, bool is_counter) {
  const std::size_t i = at.last;
  if (!smoothed || i == w.float_begin || f.times[i] <= w.end) return f.values[i];
  return Interpolate({f.times[i - 1], f.values[i - 1]}, {f.times[i], f.values[i]}, w.end, is_counter);
}

}  // namespace bellwether::promql
