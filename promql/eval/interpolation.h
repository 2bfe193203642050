// promql/eval/interpolation.h
//
// Values between two samples, for smoothed and anchored selectors.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "promql/engine.h"
#include "promql/eval/annotations.h"
#include "promql/eval/samples.h"
#include "promql/eval/windows.h"

namespace bellwether::promql {

struct TimedFloat {
  base::TimestampMs time;
  double value = 0;
};
// The value at `t` on the line between two samples; a counter that fell between them started from 0.
[[nodiscard]] double Interpolate(const TimedFloat& a, const TimedFloat& b, base::TimestampMs t, bool is_counter);

struct TimedHistogram {
  base::TimestampMs time;
  const HistogramPtr& value;
};
struct InterpolationNotes {
  AnnotationSet& annotations;
  std::string_view metric;
  PositionRange position;
};
// The same for histograms; null (and a note) if their buckets do not mix.
[[nodiscard]] HistogramPtr InterpolateHistograms(const TimedHistogram& a, const TimedHistogram& b, base::TimestampMs t,
                                                 bool is_counter, const InterpolationNotes& notes);

// The first and last sample an extended range uses: the newest at or before the start (or the first at all), and for
// smoothed the oldest at or after the end (or the last). False if there is nothing inside the range. [begin, end) is
// not empty.
struct ExtendedBounds {
  std::size_t first = 0;
  std::size_t last = 0;
};
[[nodiscard]] bool FindExtendedBounds(const std::vector<base::TimestampMs>& times, std::size_t begin, std::size_t end,
                                      const Window& w, bool smoothed, ExtendedBounds& bounds);

// The values at the two ends of an extended range.
[[nodiscard]] double LeftEnd(const FloatColumn& floats, const ExtendedBounds& at, const Window& w, bool smoothed,
                             bool is_counter);
[[nodiscard]] double RightEnd(const FloatColumn& floats, const ExtendedBounds& at, const Window& w, bool smoothed,
                              bool is_counter);

}  // namespace bellwether::promql
