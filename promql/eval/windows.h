// promql/eval/windows.h
//
// The windows of one series, step by step: two indices a list that only move forward, so that all windows of a series
// cost O(samples + steps) to find.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

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

enum class WindowSource : unsigned char { kStorage, kSubquery };  // What a subquery reads it counts itself.

// Counts the samples in the windows of a series.
class WindowTally {
 public:
  WindowTally(SampleCounts& counts, const SeriesSamples& series, WindowSource source)
      : counts_(counts), reads_(source == WindowSource::kStorage) {
    if (series.histograms.size() == 0) return;
    weights_before_.reserve(series.histograms.size() + 1);
    weights_before_.push_back(0);
    for (const HistogramPtr& h : series.histograms.values) {
      weights_before_.push_back(weights_before_.back() + SamplesIn(*h));
    }
  }
  ~WindowTally() { counts_.AddTotals(looked_, read_); }
  WindowTally(const WindowTally&) = delete;
  WindowTally& operator=(const WindowTally&) = delete;

  // Windows come by step; `floats_seen` and `histograms_seen` are the ends of the step before.
  void Add(const Window& w, std::size_t floats_seen, std::size_t histograms_seen) {
    std::uint64_t looked = w.floats();
    std::uint64_t read = w.float_end - std::max(floats_seen, w.float_begin);
    if (w.histograms() > 0) {
      looked += weights_before_[w.histogram_end] - weights_before_[w.histogram_begin];
      read += weights_before_[w.histogram_end] - weights_before_[std::max(histograms_seen, w.histogram_begin)];
    }
    if (!reads_) read = 0;
    looked_ += looked;
    read_ += read;
    if (counts_.by_step()) counts_.AddByStep(w.step, looked, read);
  }

 private:
  SampleCounts& counts_;
  const bool reads_;
  std::vector<std::uint64_t> weights_before_;  // Of the histograms before each; empty where there are none.
  std::uint64_t looked_ = 0;
  std::uint64_t read_ = 0;
};

struct NoTally {
  void Add(const Window&, std::size_t, std::size_t) {}
};

// The first index from `i` on whose time is later than `t`. A step mostly brings a few samples, a first window many.
[[nodiscard]] inline std::size_t PastTime(const std::vector<base::TimestampMs>& times, std::size_t i,
                                          base::TimestampMs t) {
  constexpr std::size_t kFew = 8;
  for (std::size_t k = 0; k < kFew; ++k, ++i) {
    if (i == times.size() || times[i] > t) return i;
  }
  std::size_t stride = kFew;
  while (stride < times.size() - i && times[i + stride] <= t) {
    i += stride;
    stride *= 2;
  }
  const auto begin = times.begin() + static_cast<std::ptrdiff_t>(i);
  const auto end = begin + static_cast<std::ptrdiff_t>(std::min(stride, times.size() - i));
  return static_cast<std::size_t>(std::upper_bound(begin, end, t) - times.begin());
}

// Calls visit(window) for each step whose window is not empty, after tally.Add of it.
template <typename Tally, typename Visit>
void ForEachWindow(const WindowSpec& spec, const SeriesSamples& series, Tally&& tally, Visit&& visit) {
  const auto& float_times = series.floats.times;
  const auto& histogram_times = series.histograms.times;
  Window w;
  for (w.step = 0; w.step < spec.grid.count; ++w.step) {
    w.end = spec.EndAt(w.step);
    w.start = w.end - spec.range;
    const base::TimestampMs from = w.start - spec.before;
    const base::TimestampMs to = w.end + spec.after;
    const std::size_t floats_seen = w.float_end;
    const std::size_t histograms_seen = w.histogram_end;
    w.float_end = PastTime(float_times, w.float_end, to);
    w.float_begin = std::min(PastTime(float_times, w.float_begin, from), w.float_end);
    w.histogram_end = PastTime(histogram_times, w.histogram_end, to);
    w.histogram_begin = std::min(PastTime(histogram_times, w.histogram_begin, from), w.histogram_end);
    if (w.empty()) continue;
    tally.Add(w, floats_seen, histograms_seen);
    visit(static_cast<const Window&>(w));
  }
}

template <typename Visit>
void ForEachWindow(const WindowSpec& spec, const SeriesSamples& series, Visit&& visit) {
  ForEachWindow(spec, series, NoTally(), std::forward<Visit>(visit));
}

}  // namespace bellwether::promql
