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

}  // namespace bellwether::promql
