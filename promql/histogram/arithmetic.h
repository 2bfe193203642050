// promql/histogram/arithmetic.h
//
// Adding, subtracting and scaling native histograms, as PromQL's operators do. Pure: operands are not changed. All
// results are compact.
//
// Two exponential histograms meet at the lower of their resolutions, and at a zero bucket wide enough for both that
// cuts no populated bucket. Two with custom buckets meet at the bounds they share. An exponential and a custom one
// cannot meet.
//
// Source: Prometheus model/histogram/float_histogram.go.
#pragma once

#include <span>
#include <vector>

#include "metric/histogram.h"

namespace bellwether::promql::histogram {

// What came of combining two histograms.
struct Combined {
  metric::NativeHistogram value;   // Meaningless if `incompatible`.
  bool incompatible = false;       // One exponential, one with custom buckets.
  bool reset_collision = false;    // One says reset, the other not_reset; the result is unknown.
  bool bounds_reconciled = false;  // Custom bounds differed.
};

[[nodiscard]] Combined Add(const metric::NativeHistogram& a, const metric::NativeHistogram& b);
// The hint of the result is combined as for Add; the operator `-` makes it a gauge.
[[nodiscard]] Combined Subtract(const metric::NativeHistogram& a, const metric::NativeHistogram& b);

// A negative factor or divisor makes the result a gauge. Division by zero leaves no buckets.
[[nodiscard]] metric::NativeHistogram Scale(const metric::NativeHistogram& h, double factor);
[[nodiscard]] metric::NativeHistogram Divide(const metric::NativeHistogram& h, double divisor);

// The same histogram without empty buckets.
[[nodiscard]] metric::NativeHistogram Compact(const metric::NativeHistogram& h);

// Equal values and layout of buckets, however spans are written; bitwise for counts and sum. The reset hint is ignored.
[[nodiscard]] bool Equal(const metric::NativeHistogram& a, const metric::NativeHistogram& b);

// Whether a counter was reset between `previous` and `current`: by the hint of `current` if it has one that says, else
// by looking for anything that decreased.
[[nodiscard]] bool DetectReset(const metric::NativeHistogram& current, const metric::NativeHistogram& previous);

// Whether any count or the sum is infinite.
[[nodiscard]] bool HasOverflow(const metric::NativeHistogram& h);

// The hint of a combination; sets `collision` if reset meets not_reset.
[[nodiscard]] metric::CounterResetHint CombineHints(metric::CounterResetHint a, metric::CounterResetHint b,
                                                    bool& collision);

// The bounds that both have, ascending.
[[nodiscard]] std::vector<double> CommonBounds(std::span<const double> a, std::span<const double> b);

}  // namespace bellwether::promql::histogram
