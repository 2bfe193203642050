// promql/eval/windows.h
//
// The windows of one series, step by step: two indices a list that only move forward, so that all windows of a series
// cost O(samples + steps) to find.
#pragma once

#include <cstddef>
#include <cstdint>

#include "promql/eval/operator.h"
#include "promql/eval/samples.h"

namespace bellwether::promql {

// The samples that a step looks at: [begin, end) of each list.
struct Window {
  std::size_t step = 0;
  base::TimestampMs start;  // Exclusive: the true range, without what an extended selector sees beyond it.
  base::TimestampMs end;    // Inclusive.
  std::size_t float_begin = 0;
  std::size_t float_end = 0;
  std::size_t histogram_begin = 0;
  std::size_t histogram_end = 0;

  [[nodiscard]] std::size_t floats() const { return float_end - float_begin; }
  [[nodiscard]] std::size_t histograms() const { return histogram_end - histogram_begin; }
  [[nodiscard]] bool empty() const { return floats() + histograms() == 0; }
  [[nodiscard]] bool mixed() const { return floats() > 0 && histograms() > 0; }
};

// What was looked at, for the query's statistics.
struct WindowCounts {
  std::uint64_t queryable = 0;  // Whole windows.
  std::uint64_t read = 0;       // Each sample once.
};

// Calls visit(window) for each step whose window is not empty.
template <typename Visit>
WindowCounts ForEachWindow(const WindowSpec& spec, const SeriesSamples& series, Visit&& visit) {
  const auto& float_times = series.floats.times;
  const auto& histogram_times = series.histograms.times;
  Window w;
  WindowCounts counts;
  for (w.step = 0; w.step < spec.grid.count; ++w.step) {
    w.end = spec.EndAt(w.step);
    w.start = w.end - spec.range;
    const base::TimestampMs from = w.start - spec.before;
    const base::TimestampMs to = w.end + spec.after;
    const std::size_t seen = w.float_end + w.histogram_end;
    while (w.float_end < float_times.size() && float_times[w.float_end] <= to) ++w.float_end;
    while (w.float_begin < w.float_end && float_times[w.float_begin] <= from) ++w.float_begin;
    while (w.histogram_end < histogram_times.size() && histogram_times[w.histogram_end] <= to) ++w.histogram_end;
    while (w.histogram_begin < w.histogram_end && histogram_times[w.histogram_begin] <= from) ++w.histogram_begin;
    const std::size_t size = w.floats() + w.histograms();
    if (size == 0) continue;
    const std::size_t added = w.float_end + w.histogram_end - seen;
    counts.queryable += size;
    counts.read += added < size ? added : size;
    visit(static_cast<const Window&>(w));
  }
  return counts;
}

}  // namespace bellwether::promql
