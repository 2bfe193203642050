#include "promql/functions/rate.h"

#include <algorithm>
#include <vector>

#include "promql/functions/extended_rate.h"
#include "promql/functions/extrapolation.h"
#include "promql/functions/histogram_rate.h"
#include "promql/functions/start_times.h"

namespace bellwether::promql {
namespace {

StartedSample StartedAt(const FloatColumn& floats, std::size_t i) { return {floats.StartAt(i), floats.times[i]}; }

// The indices at which a counter fell back, found once a series; windows then visit those inside them only.
std::vector<std::size_t> FindResets(const FloatColumn& floats, bool use_starts) {
  std::vector<std::size_t> resets;
  for (std::size_t i = 1; i < floats.size(); ++i) {
    if (floats.values[i] < floats.values[i - 1] ||
        (use_starts && StartsAnew(StartedAt(floats, i - 1), StartedAt(floats, i)))) {
      resets.push_back(i);
    }
  }
  return resets;
}

bool HasStartOverlap(const FloatColumn& floats, const Window& w) {
  for (std::size_t i = w.float_begin + 1; i < w.float_end; ++i) {
    if (StartOverlaps(StartedAt(floats, i - 1), StartedAt(floats, i))) return true;
  }
  return false;
}

// rate, increase or delta of the floats of one series.
class FloatRate {
 public:
  FloatRate(const RangeCall& call, const SeriesSamples& series, RateKind kind)
      : call_(call),
        floats_(series.floats),
        kind_(kind),
        extrapolation_(kind == RateKind::kRate ? call.window.range.seconds() : 1),
        use_starts_(kind != RateKind::kDelta && call.context.flags.use_start_timestamps && !floats_.starts.empty()) {
    if (kind != RateKind::kDelta) resets_ = FindResets(floats_, use_starts_);
  }

  // False if the window has too few samples.
  bool At(const Window& w, std::string_view metric, double& result) {
    const std::size_t first = w.float_begin;
    const std::size_t last = w.float_end - 1;
    ExtrapolationInput in{.range_start = w.start,
                          .range_end = w.end,
                          .first = floats_.times[first],
                          .last = floats_.times[last],
                          .samples = w.floats(),
                          .is_counter = kind_ != RateKind::kDelta,
                          .counter_start = {}};
    double change = floats_.values[last] - floats_.values[first];
    if (in.is_counter) change = AddResets(w, change);
    if (use_starts_) {
      if (HasStartOverlap(floats_, w)) call_.context.annotations.AddStartTimeOverlap(metric, call_.position);
      const base::TimestampMs start = floats_.StartAt(first);
      if (start.ms != 0 && start > w.start && start < in.first) in.counter_start = start;
    }
    if (in.counter_start.ms != 0) {
      change += floats_.values[first];
    } else if (in.samples < 2) {
      return false;
    }
    in.first_value = floats_.values[first];
    in.increase = change;
    result = change * extrapolation_.Factor(in);
    return true;
  }

 private:
  double AddResets(const Window& w, double change) {
    while (next_reset_ < resets_.size() && resets_[next_reset_] <= w.float_begin) ++next_reset_;
    for (std::size_t r = next_reset_; r < resets_.size() && resets_[r] < w.float_end; ++r) {
      change += floats_.values[resets_[r] - 1];
    }
    return change;
  }

  const RangeCall& call_;
  const FloatColumn& floats_;
  const RateKind kind_;
  SlidingExtrapolation extrapolation_;
  const bool use_starts_;
  std::vector<std::size_t> resets_;
  std::size_t next_reset_ = 0;  // The first reset that may lie in the present window.
};

bool EndsLikeCounter(std::string_view name) {
  return name.ends_with("_total") || name.ends_with("_sum") || name.ends_with("_count") || name.ends_with("_bucket");
}

// Once a series that had a float result: does it look like a counter at all?
void NoteIfNoCounter(const RangeCall& call, const SeriesSamples& series) {
  const std::string_view name = series.labels.Name();
  if (name.empty()) return;
  if (call.context.flags.type_and_unit_labels) {
    const std::string_view type = series.labels.Get(metric::kTypeLabel);
    if (type != "counter" && type != "histogram") call.Note(PossibleNonCounterType(name, type, call.position));
  } else if (!EndsLikeCounter(name)) {
    call.Note(PossibleNonCounter(name, call.position));
  }
}

base::Status RunRate(const RangeCall& call, const SeriesSamples& series, RateKind kind, Row& out) {
  const std::string_view metric = series.labels.Name();
  FloatRate floats(call, series, kind);
  bool any_float = false;
  call.Windows(series, [&](const Window& w) {
    if (w.mixed()) {
      call.Note(MixedFloatsHistograms(metric, call.position));
      return;
    }
    const bool extended = call.anchored || call.smoothed;
    if (w.histograms() > 0) {
      HistogramPtr h = extended ? ExtendedHistogramRate(call, series, w, kind) : HistogramRate(call, series, w, kind);
      if (h != nullptr) out.SetHistogram(w.step, std::move(h));
      return;
    }
    double result = 0;
    if (extended ? ExtendedFloatRate(call, series.floats, w, kind, result) : floats.At(w, metric, result)) {
      out.SetFloat(w.step, result);
      any_float = true;
    }
  });
  if (any_float && kind != RateKind::kDelta) NoteIfNoCounter(call, series);
  return base::OkStatus();
}

// One of the last two samples of a window, whatever its type.
struct LateSample {
  bool is_float = true;
  std::size_t index = 0;
  StartedSample when;
};

// The last two samples of the window, merged over both types as upstream merges them. False if there are fewer.
bool LastTwo(const SeriesSamples& series, const Window& w, LateSample& before, LateSample& last) {
  std::vector<LateSample> two;
  for (std::size_t i = w.float_end - std::min<std::size_t>(2, w.floats()); i < w.float_end; ++i) {
    two.push_back({true, i, StartedAt(series.floats, i)});
  }
  for (std::size_t i = w.histogram_end - std::min<std::size_t>(2, w.histograms()); i < w.histogram_end; ++i) {
    two.push_back({false, i, {series.histograms.StartAt(i), series.histograms.times[i]}});
  }
  if (two.size() < 2) return false;
  std::stable_sort(two.begin(), two.end(),
                   [](const LateSample& a, const LateSample& b) { return a.when.time < b.when.time; });
  before = two[two.size() - 2];
  last = two[two.size() - 1];
  return last.when.time != before.when.time;
}

base::Status RunInstantRate(const RangeCall& call, const SeriesSamples& series, RateKind kind, Row& out) {
  const bool is_rate = kind == RateKind::kRate;
  const bool use_starts = is_rate && call.context.flags.use_start_timestamps;
  call.Windows(series, [&](const Window& w) {
    LateSample a, b;
    if (!LastTwo(series, w, a, b)) return;
    if (a.is_float != b.is_float) {
      call.Note(MixedFloatsHistograms(series.labels.Name(), call.position));
      return;
    }
    const double seconds = (b.when.time - a.when.time).seconds();
    const bool anew = use_starts && StartsAnew(a.when, b.when);
    if (!b.is_float) {
      HistogramPtr h = InstantHistogramRate(call, series, {a.index, b.index}, anew, is_rate, seconds);
      if (h != nullptr) out.SetHistogram(w.step, std::move(h));
      return;
    }
    const double before = series.floats.values[a.index];
    double value = series.floats.values[b.index];
    if (!is_rate || !(value < before || anew)) value -= before;
    out.SetFloat(w.step, is_rate ? value / seconds : value);
  });
  return base::OkStatus();
}

}  // namespace

base::Status RateKernel(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return RunRate(call, series, RateKind::kRate, out);
}
base::Status IncreaseKernel(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return RunRate(call, series, RateKind::kIncrease, out);
}
base::Status DeltaKernel(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return RunRate(call, series, RateKind::kDelta, out);
}
base::Status IrateKernel(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return RunInstantRate(call, series, RateKind::kRate, out);
}
base::Status IdeltaKernel(const RangeCall& call, const SeriesSamples& series, Row& out) {
  return RunInstantRate(call, series, RateKind::kDelta, out);
}

}  // namespace bellwether::promql
