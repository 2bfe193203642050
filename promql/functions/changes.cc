#include "promql/functions/changes.h"

#include <cmath>
#include <vector>

#include "promql/eval/histogram_values.h"
#include "promql/functions/start_times.h"

namespace bellwether::promql {
namespace {

// A series' samples of both kinds in time order, each by the index in its own column.
struct MergedSample {
  bool is_float = true;
  std::size_t index = 0;
  base::TimestampMs time;
};

std::vector<MergedSample> MergeByTime(const SeriesSamples& series) {
  const auto& f = series.floats.times;
  const auto& h = series.histograms.times;
  std::vector<MergedSample> merged;
  merged.reserve(f.size() + h.size());
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < f.size() || j < h.size()) {
    if (j == h.size() || (i < f.size() && f[i] < h[j])) {
      merged.push_back({true, i, f[i]});
      ++i;
    } else {
      merged.push_back({false, j, h[j]});
      ++j;
    }
  }
  return merged;
}

// Counts events between neighbours: the number in a window is a difference of two running counts.
template <typename IsEvent>
void CountEvents(const RangeCall& call, const SeriesSamples& series, Row& out, IsEvent is_event) {
  const std::vector<MergedSample> merged = MergeByTime(series);
  std::vector<std::size_t> events(merged.size());  // [i]: events between neighbours up to i.
  for (std::size_t i = 1; i < merged.size(); ++i) {
    events[i] = events[i - 1] + (is_event(merged[i - 1], merged[i]) ? 1 : 0);
  }
  call.Windows(series, [&](const Window& w) {
    std::size_t first = w.float_begin + w.histogram_begin;
    const std::size_t last = w.float_end + w.histogram_end - 1;
    if (call.anchored) {
      if (merged[last].time <= w.start) return;
      while (first < last && merged[first + 1].time <= w.start) ++first;
    }
    out.SetFloat(w.step, static_cast<double>(events[last] - events[first]));
  });
}

}  // namespace

base::Status ChangesKernel(const RangeCall& call, const SeriesSamples& series, Row& out) {
  CountEvents(call, series, out, [&](const MergedSample& a, const MergedSample& b) {
    if (a.is_float != b.is_float) return true;
    if (!a.is_float) return !SameHistogram(*series.histograms.values[a.index], *series.histograms.values[b.index]);
    const double before = series.floats.values[a.index];
    const double after = series.floats.values[b.index];
    return before != after && !(std::isnan(before) && std::isnan(after));
  });
  return base::OkStatus();
}

base::Status ResetsKernel(const RangeCall& call, const SeriesSamples& series, Row& out) {
  const bool use_starts = call.context.flags.use_start_timestamps;
  const auto started = [&](const MergedSample& s) {
    return StartedSample{s.is_float ? series.floats.StartAt(s.index) : series.histograms.StartAt(s.index), s.time};
  };
  CountEvents(call, series, out, [&](const MergedSample& a, const MergedSample& b) {
    if (a.is_float != b.is_float) return true;
    if (use_starts && StartsAnew(started(a), started(b))) return true;
    if (a.is_float) return series.floats.values[b.index] < series.floats.values[a.index];
    return DetectsReset(*series.histograms.values[b.index], *series.histograms.values[a.index]);
  });
  return base::OkStatus();
}

}  // namespace bellwether::promql
