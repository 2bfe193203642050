// promql/eval/histogram_values.h
//
// Arithmetic on histogram cells as operators need it: shared, immutable values in, new ones out, compacted. The
// arithmetic itself is promql/histogram's; this is where the engine meets it.
#pragma once

#include "metric/histogram.h"
#include "promql/engine.h"

namespace bellwether::promql {

// A sum or difference and what is to be said about it.
struct HistogramOutcome {
  HistogramPtr value;       // Null: exponential and custom buckets do not mix.
  bool collision = false;   // A reset met a not_reset.
  bool reconciled = false;  // Custom bounds differed; the common ones were kept.
};

[[nodiscard]] HistogramOutcome AddHistograms(const metric::NativeHistogram& a, const metric::NativeHistogram& b);
// The result is a gauge.
[[nodiscard]] HistogramOutcome SubtractHistograms(const metric::NativeHistogram& a, const metric::NativeHistogram& b);
[[nodiscard]] HistogramPtr ScaleHistogram(const metric::NativeHistogram& h, double factor);
[[nodiscard]] HistogramPtr DivideHistogram(const metric::NativeHistogram& h, double divisor);
// Observations at or below (above) `bound`.
enum class TrimSide : unsigned char { kKeepBelow, kKeepAbove };
[[nodiscard]] HistogramPtr TrimHistogram(const metric::NativeHistogram& h, double bound, TrimSide side);

// Equal in schema, zero bucket, count, sum and all buckets, whatever the reset hint and the layout of empty buckets.
[[nodiscard]] bool SameHistogram(const metric::NativeHistogram& a, const metric::NativeHistogram& b);

// Whether a counter was reset between the two.
[[nodiscard]] bool DetectsReset(const metric::NativeHistogram& current, const metric::NativeHistogram& previous);

}  // namespace bellwether::promql
