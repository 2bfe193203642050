// storage/chunk/reset_hints.h
//
// The reset hints of histograms as readers see them (SampleCursor in storage.h). What a sender said is kept in the
// chunks; what a reader is told follows from the sample before, so that it is the same however the samples were cut
// into chunks, windows and files. Every cursor ends in this class.
#pragma once

#include "base/time.h"
#include "metric/histogram.h"

namespace bellwether::storage::chunk {

// How long before a range the sample may lie that the first histogram of the range continues: as long as a series that
// gets nothing is held to be alive.
inline constexpr base::DurationMs kHintLookback = base::Minutes(5);

// The time from which samples bear on the hints of a range that begins at `min`.
[[nodiscard]] constexpr base::TimestampMs HintsFrom(base::TimestampMs min) {
  return min < base::TimestampMs::Min() + kHintLookback ? base::TimestampMs::Min() : min - kHintLookback;
}

// Goes along the samples of one series, in order of time.
class ResetHints {
 public:
  // A float came between.
  void BreakRun() { previous_ = nullptr; }

  // Writes the hint that readers see into `h`: kGauge for gauges, kNotReset where it continues the histogram before
  // it, kUnknown else. Keeps a pointer to `h` until the next call or KeepPrevious.
  void Next(metric::NativeHistogram& h);

  // Takes a copy of the histogram pointed to, which may then go away.
  void KeepPrevious();

  // The last sample before the range, a histogram. Comes before all else.
  void BeginAfter(metric::NativeHistogram h);

 private:
  const metric::NativeHistogram* previous_ = nullptr;
  metric::NativeHistogram kept_;
};

// True if `next` can follow `previous` as values of one counter: same kind, schema and bounds, and no bucket, count or
// zero count went down or vanished. The hints are not looked at.
[[nodiscard]] bool ContinuesCounter(const metric::NativeHistogram& previous, const metric::NativeHistogram& next);

}  // namespace bellwether::storage::chunk
