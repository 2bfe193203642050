// promql/functions/extrapolation.h
//
// From the change between the first and last sample of a window to the change over the whole window, as Prometheus
// guesses it: towards a boundary that is near, all the way; towards one that is far, half an average interval; a
// counter never below zero.
#pragma once

#include <cstddef>

#include "base/time.h"

namespace bellwether::promql {

struct ExtrapolationInput {
  base::TimestampMs range_start;
  base::TimestampMs range_end;
  base::TimestampMs first;
  base::TimestampMs last;
  std::size_t samples = 0;  // At least 2 unless `counter_start` is set.
  bool is_counter = false;
  base::TimestampMs counter_start;  // When not 0: the counter began at zero then, inside the window before `first`.
  double first_value = 0;           // Of a counter: the value (or count) of the first sample,
  double increase = 0;              // and how much it grew since. Not used for gauges.
};

// What to multiply the sampled change by.
[[nodiscard]] double ExtrapolationFactor(const ExtrapolationInput& in);

// The same for the windows of one series, which mostly lie among the samples as the window before did: what follows
// from the times alone is then known.
class SlidingExtrapolation {
 public:
  // ExtrapolationFactor(in) / seconds.
  explicit SlidingExtrapolation(double seconds) : seconds_(seconds) {}
  [[nodiscard]] double Factor(const ExtrapolationInput& in);

 private:
  const double seconds_;
  base::DurationMs to_start_;
  base::DurationMs to_end_;
  base::DurationMs sampled_;
  std::size_t samples_ = 0;
  double factor_ = 0;      // Of a window with these, if zero is far.
  double zero_share_ = 0;  // It is, if the first value is more than this share of the increase.
};

}  // namespace bellwether::promql
