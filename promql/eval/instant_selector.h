// promql/eval/instant_selector.h
//
// A vector selector: at each step the newest sample in (r - lookback, r], r being the step's time shifted by offset and
// @. A newest sample that is a stale marker means no sample.
#pragma once

#include "promql/eval/operator.h"
#include "promql/eval/selection.h"

namespace bellwether::promql {

// What of the sample is the cell: its value, or (for timestamp() and start_timestamp() directly on a selector) when it
// was taken or began, in seconds.
enum class SampleFacet : unsigned char { kValue, kTime, kStartTime };

struct InstantSelectorSpec {
  std::vector<metric::Matcher> matchers;
  Grid grid;
  TimeShift shift;
  base::DurationMs lookback;
  SampleFacet facet = SampleFacet::kValue;
  HistogramParts parts = HistogramParts::kAll;
};

[[nodiscard]] VectorOperatorPtr MakeInstantSelector(InstantSelectorSpec spec);

// Walks along a series' samples, floats and histograms merged: the newest at or before a time that never goes back.
class NewestSample {
 public:
  explicit NewestSample(const SeriesSamples& series) : series_(series) {}

  struct Found {
    Cell kind = Cell::kNone;
    std::size_t index = 0;  // In the column of its kind.
    base::TimestampMs time;
  };
  [[nodiscard]] Found At(base::TimestampMs t);
  [[nodiscard]] bool IsStale(const Found& found) const;

 private:
  const SeriesSamples& series_;
  std::size_t floats_ = 0;  // Samples at or before the last time asked for.
  std::size_t histograms_ = 0;
};

}  // namespace bellwether::promql
