// rules/eval/slot.h
//
// When a rule group is evaluated. A group of interval i has the slots k*i + o with an offset o of its own in [0, i), so
// that groups spread over the interval and a group finds the same times after a restart, on another machine and in a
// backtest. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace bellwether::rules {

// hash(base name of the file, group name) mod interval. `interval` > 0.
[[nodiscard]] base::DurationMs SlotOffset(std::string_view file, std::string_view group, base::DurationMs interval);

// The latest slot at or before `now`.
[[nodiscard]] base::TimestampMs SlotAtOrBefore(base::TimestampMs now, base::DurationMs interval,
                                               base::DurationMs offset);
// The first slot after `now`.
[[nodiscard]] base::TimestampMs SlotAfter(base::TimestampMs now, base::DurationMs interval, base::DurationMs offset);

}  // namespace bellwether::rules
