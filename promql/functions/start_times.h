// promql/functions/start_times.h
//
// What start timestamps say about two consecutive samples of a counter. 0 means unknown.
#pragma once

#include "base/time.h"

namespace bellwether::promql {

struct StartedSample {
  base::TimestampMs start;
  base::TimestampMs time;
};

// Whether the counter began anew between the two.
[[nodiscard]] inline bool StartsAnew(const StartedSample& previous, const StartedSample& current) {
  if (current.start.ms == 0 || current.start >= current.time || current.start < previous.time) return false;
  if (current.start > previous.time) return true;
  // The new start is exactly the previous sample's time: a reset, unless that sample itself says nothing credible.
  return previous.start.ms != 0 && previous.start != previous.time && previous.start <= previous.time;
}

// Whether the current sample claims a start before the previous sample, other than that sample's own.
[[nodiscard]] inline bool StartOverlaps(const StartedSample& previous, const StartedSample& current) {
  return current.start.ms != 0 && current.start < previous.time && current.start != previous.start;
}

}  // namespace bellwether::promql
