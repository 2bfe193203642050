// promql/eval/selection.h
//
// From matchers to series of the storage: the one place where operators ask it.
#pragma once

#include <functional>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/matcher.h"
#include "promql/eval/operator.h"
#include "promql/eval/query_context.h"

namespace bellwether::promql {

// What is wanted of native histograms. Under functions that need only count and sum Prometheus hands on nothing else,
// with hints that tell resets (where storage does not know, each sample is compared with the one before it), and so
// warns where a sum mixes them; bounds that differ are not seen.
enum class HistogramParts : unsigned char { kAll, kCountAndSum };

// A selector's series and the times (inclusive) at which any step may look at them.
struct Selection {
  std::vector<metric::Matcher> matchers;
  base::TimestampMs min;
  base::TimestampMs max;
  HistogramParts parts = HistogramParts::kAll;
  bool newest_only = false;  // Of each series the newest sample will do, without its start.
};

// The bounds of what windows reaching `before` back (exclusive) and `after` ahead touch, over all steps of the grid.
[[nodiscard]] Selection MakeSelection(std::vector<metric::Matcher> matchers, const Grid& grid, const TimeShift& shift,
                                      base::DurationMs before, base::DurationMs after);

// Decodes each series in label order and hands it on; `series` is the caller's buffer. Checks for deadline and
// cancellation now and then. Errors: the storage's, as "expanding series: ..."; the visitor's.
[[nodiscard]] base::Status ForEachSeries(QueryContext& context, const Selection& selection, StaleMarkers stale,
                                         SeriesSamples& series,
                                         const std::function<base::Status(SeriesSamples&)>& visit);

}  // namespace bellwether::promql
