// notify/policy/time_interval.h
//
// Whether a moment lies in a named interval, and what that means for a route. Pure, but for the machine's zone files.
//
// Source: Alertmanager's time intervals; active intervals are asked before mute intervals.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "notify/config/config.h"

namespace bellwether::notify {

// In a zone that the machine does not have (any more), no.
[[nodiscard]] bool Contains(const TimeInterval& interval, base::TimestampMs at);

// The names of those that contain `at`.
[[nodiscard]] std::set<std::string, std::less<>> IntervalsAt(const TimeIntervals& intervals, base::TimestampMs at);

enum class RouteMute : std::uint8_t { kNone, kNotActive, kMuted };
struct RouteMuteReason {
  RouteMute kind = RouteMute::kNone;
  std::vector<std::string> intervals;  // Those that mute it, or those of which none is active.
};
[[nodiscard]] RouteMuteReason MuteOf(const Route& route, const std::set<std::string, std::less<>>& in_force);

}  // namespace bellwether::notify
