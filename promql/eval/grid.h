// promql/eval/grid.h
//
// The times at which an expression is evaluated: start, start + step, ... count of them. An instant query, and what
// does not depend on the step, has a grid of one. A subquery evaluates its inside on a grid of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace bellwether::promql {

struct Grid {
  base::TimestampMs start;
  base::DurationMs step{1};
  std::size_t count = 1;

  [[nodiscard]] base::TimestampMs At(std::size_t i) const {
    return base::TimestampMs(start.ms + step.ms * static_cast<std::int64_t>(i));
  }
  [[nodiscard]] base::TimestampMs Last() const { return At(count - 1); }
  // The same start, one step.
  [[nodiscard]] Grid First() const { return {start, step, 1}; }
  friend bool operator==(const Grid&, const Grid&) = default;
};

// Where a selector or subquery looks, seen from each step of its grid: at t - offset, or at `at` - offset for all
// steps.
struct TimeShift {
  base::DurationMs offset;
  std::optional<base::TimestampMs> at;

  [[nodiscard]] base::TimestampMs Apply(base::TimestampMs t) const { return at.value_or(t) - offset; }
  friend bool operator==(const TimeShift&, const TimeShift&) = default;
};

}  // namespace bellwether::promql
