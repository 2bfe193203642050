#include "notify/policy/time_interval.h"

#include <algorithm>

#include "template/go_time.h"

namespace bellwether::notify {
namespace {

bool InAny(const std::vector<NumberRange>& ranges, std::int64_t n) {
  return ranges.empty() ||
         std::any_of(ranges.begin(), ranges.end(), [&](NumberRange r) { return r.first <= n && n <= r.last; });
}

bool InTimes(const std::vector<NumberRange>& times, int minute) {
  return times.empty() ||
         std::any_of(times.begin(), times.end(), [&](NumberRange r) { return r.first <= minute && minute < r.last; });
}

int DaysInMonth(std::int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && is_leap ? 29 : kDays[month - 1];
}

bool InDays(const std::vector<NumberRange>& ranges, const templating::CivilTime& civil) {
  const int length = DaysInMonth(civil.year, civil.month);
  const auto from_start = [&](int day) { return day < 0 ? length + day + 1 : day; };
  return ranges.empty() || std::any_of(ranges.begin(), ranges.end(), [&](NumberRange r) {
           const int first = from_start(r.first);
           // A start before the month begins with it; one beyond its end matches nothing.
           return first <= length && std::max(first, 1) <= civil.day && civil.day <= from_start(r.last);
         });
}

}  // namespace

bool Contains(const TimeInterval& interval, base::TimestampMs at) {
  const auto local = templating::InZone({.at = at}, interval.location);
  if (!local.ok()) return false;
  const templating::CivilTime civil = templating::CivilOf(*local);
  return InTimes(interval.times, civil.hour * 60 + civil.minute) && InAny(interval.weekdays, civil.weekday) &&
         InDays(interval.days_of_month, civil) && InAny(interval.months, civil.month) &&
         InAny(interval.years, civil.year);
}

std::set<std::string, std::less<>> IntervalsAt(const TimeIntervals& intervals, base::TimestampMs at) {
  std::set<std::string, std::less<>> names;
  for (const auto& [name, parts] : intervals) {
    if (std::any_of(parts.begin(), parts.end(), [&](const TimeInterval& i) { return Contains(i, at); })) {
      names.insert(name);
    }
  }
  return names;
}

RouteMuteReason MuteOf(const Route& route, const std::set<std::string, std::less<>>& in_force) {
  const auto holds = [&](const std::string& name) { return in_force.count(name) > 0; };
  if (!route.active_intervals.empty() &&
      std::none_of(route.active_intervals.begin(), route.active_intervals.end(), holds)) {
    return {RouteMute::kNotActive, route.active_intervals};
  }
  RouteMuteReason reason;
  std::copy_if(route.mute_intervals.begin(), route.mute_intervals.end(), std::back_inserter(reason.intervals), holds);
  if (!reason.intervals.empty()) reason.kind = RouteMute::kMuted;
  return reason;
}

}  // namespace bellwether::notify
