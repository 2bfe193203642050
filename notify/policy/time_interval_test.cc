#include "notify/policy/time_interval.h"

#include <gtest/gtest.h>

namespace bellwether::notify {
namespace {

base::TimestampMs At(std::string_view text) { return *base::ParseRfc3339(text); }

TEST(TimeIntervals, EveryFieldThatIsGivenMustHold) {
  const auto check = [](const TimeInterval& interval, std::string_view at, bool expected) {
    EXPECT_EQ(Contains(interval, At(at)), expected) << at;
  };
  check({}, "2026-11-22T03:00:00Z", true);
  const TimeInterval nights{.times = {{0, 360}, {1320, 1440}}};
  check(nights, "2026-11-22T05:59:59Z", true);
  check(nights, "2026-11-22T06:00:00Z", false);  // The end does not belong to it.
  check(nights, "2026-11-22T22:00:00Z", true);
  check(nights, "2026-11-22T23:59:59Z", true);
  const TimeInterval working{.times = {{540, 1020}}, .weekdays = {{1, 5}}};
  check(working, "2026-11-23T09:00:00Z", true);  // A Monday.
  check(working, "2026-11-22T09:00:00Z", false);
  check(working, "2026-11-27T17:00:00Z", false);
  const TimeInterval last_days{.days_of_month = {{-3, -1}}};
  check(last_days, "2028-02-27T00:00:00Z", true);
  check(last_days, "2028-02-26T00:00:00Z", false);
  check(last_days, "2026-02-26T00:00:00Z", true);
  const TimeInterval late{.days_of_month = {{30, 31}}};
  check(late, "2026-02-28T00:00:00Z", false);  // The month has no 30th.
  check(late, "2026-04-30T00:00:00Z", true);
  const TimeInterval early{.days_of_month = {{-31, -28}}};
  check(early, "2026-02-01T00:00:00Z", true);  // Clamped to the month.
  check(early, "2026-02-02T00:00:00Z", false);
  check({.months = {{1, 3}, {12, 12}}}, "2026-12-01T00:00:00Z", true);
  check({.months = {{1, 3}, {12, 12}}}, "2026-04-01T00:00:00Z", false);
  check({.years = {{2026, 2028}}}, "2028-12-31T23:59:59Z", true);
  check({.years = {{2026, 2028}}}, "2029-01-01T00:00:00Z", false);
}

TEST(TimeIntervals, AreOfTheirLocation) {
  const TimeInterval berlin{.times = {{540, 600}}, .location = "Europe/Berlin"};
  EXPECT_TRUE(Contains(berlin, At("2026-11-22T08:30:00Z")));  // Winter: an hour ahead.
  EXPECT_TRUE(Contains(berlin, At("2026-07-22T07:30:00Z")));  // Summer: two.
  EXPECT_FALSE(Contains(berlin, At("2026-07-22T08:30:00Z")));
  const TimeInterval sunday_in_tokyo{.weekdays = {{0, 0}}, .location = "Asia/Tokyo"};
  EXPECT_TRUE(Contains(sunday_in_tokyo, At("2026-11-21T15:00:00Z")));
  EXPECT_FALSE(Contains({.location = "Mars/Olympus"}, At("2026-11-21T15:00:00Z")));
}

TEST(TimeIntervals, ActiveOnesAreAskedFirst) {
  const TimeIntervals intervals = {
      {"always", {TimeInterval{}}}, {"never", {}}, {"old", {TimeInterval{.years = {{1999, 1999}}}}}};
  const auto in_force = IntervalsAt(intervals, At("2026-11-22T00:00:00Z"));
  EXPECT_EQ(in_force, (std::set<std::string, std::less<>>{"always"}));
  const auto check = [&](std::vector<std::string> mute, std::vector<std::string> active, RouteMute kind,
                         const std::vector<std::string>& by) {
    Route route;
    route.mute_intervals = std::move(mute);
    route.active_intervals = std::move(active);
    const RouteMuteReason reason = MuteOf(route, in_force);
    EXPECT_EQ(reason.kind, kind);
    EXPECT_EQ(reason.intervals, by);
  };
  check({}, {}, RouteMute::kNone, {});
  check({"always", "old"}, {}, RouteMute::kMuted, {"always"});
  check({"old", "never"}, {}, RouteMute::kNone, {});
  check({}, {"old", "always"}, RouteMute::kNone, {});
  check({}, {"old"}, RouteMute::kNotActive, {"old"});
  check({"always"}, {"old"}, RouteMute::kNotActive, {"old"});
  check({"always"}, {"always"}, RouteMute::kMuted, {"always"});
}

}  // namespace
}  // namespace bellwether::notify
