// promql/parser/series_description.h
//
// Series as test files and rule unit tests write them: a metric and what follows at equal steps.
//
//   http_requests{job="api"} 0+10x5 _ stale {{schema:1 count:5 sum:2 buckets:[1 4]}}x3
//
//   _      a gap                      V          a number, Inf, NaN, a duration (in seconds), stale
//   _xN    N gaps                     VxN        N+1 times V
//   {{h}}  a native histogram         A+BxN      A, A+B, ..., A+N*B; also with -, also of histograms
//
// and, in a line of its own directly before the series, the start timestamps of its samples as offsets from them:
//
//   http_requests{job="api"}@st -1m -1m+30sx4
//
// Source: Prometheus promql/promqltest, docs/configuration/unit_testing_rules.md.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/histogram.h"
#include "metric/labels.h"

namespace bellwether::promql {

struct SequenceValue {
  bool omitted = false;
  double value = 0;                                          // `stale` is the stale marker.
  std::shared_ptr<const metric::NativeHistogram> histogram;  // If set, the value is this.
  bool reset_hint_written = false;  // The literal names a counter_reset_hint, so an expectation includes it.
};

struct SeriesDescription {
  metric::Labels labels;
  std::vector<SequenceValue> values;
};

// Repetitions may make up to 10 million values. kInvalidArgument with "1:COLUMN: parse error: ...".
[[nodiscard]] base::Result<SeriesDescription> ParseSeriesDescription(std::string_view line);

// A histogram as the values of a series write it, the same text for the same buckets however their spans are cut:
// {{schema:1 count:5 sum:2 offset:-1 buckets:[1 0 4]}}.
[[nodiscard]] std::string FormatHistogramLiteral(const metric::NativeHistogram& h);

struct StartTimesDescription {
  metric::Labels labels;
  std::vector<std::optional<base::DurationMs>> offsets;  // From the sample's time; nothing: unknown.
};

// Whether the first word of the line ends in "@st".
[[nodiscard]] bool IsStartTimesLine(std::string_view line);
[[nodiscard]] base::Result<StartTimesDescription> ParseStartTimesDescription(std::string_view line);

}  // namespace bellwether::promql
