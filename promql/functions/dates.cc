#include "promql/functions/dates.h"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <utility>

namespace bellwether::promql {
namespace {

using Days = std::chrono::sys_days;

// Whole seconds, as Go converts a float to an integer; out of range and NaN to the smallest one, as amd64 does.
std::int64_t WholeSeconds(double seconds) {
  constexpr double kLimit = 9223372036854775808.0;
  if (!(seconds >= -kLimit && seconds < kLimit)) return INT64_MIN;
  return static_cast<std::int64_t>(seconds);
}

// A time as day since the epoch and second of that day.
struct DayAndSecond {
  std::int64_t day = 0;
  std::int64_t second = 0;
};

// Go counts unsigned seconds from March of the year -292277022400: what lies before wraps around to the far future.
DayAndSecond Split(double v) {
  constexpr std::int64_t kSecondsPerDay = 86400;
  constexpr std::int64_t kDaysToYearOne = 730'692'556LL * 146'097 + 306;
  constexpr std::int64_t kSecondsToEpoch = 62'135'596'800;
  constexpr std::int64_t kFirstSecond = -kDaysToYearOne * kSecondsPerDay - kSecondsToEpoch;
  const std::int64_t seconds = WholeSeconds(v);
  if (seconds < kFirstSecond) {
    const auto wrapped = static_cast<std::uint64_t>(seconds);
    return {static_cast<std::int64_t>(wrapped / kSecondsPerDay), static_cast<std::int64_t>(wrapped % kSecondsPerDay)};
  }
  const std::int64_t rest = seconds % kSecondsPerDay;
  const bool before = rest < 0;
  return {seconds / kSecondsPerDay - (before ? 1 : 0), before ? rest + kSecondsPerDay : rest};
}

// std::chrono's calendar ends at year 32767; beyond it dates repeat every 400 years.
struct Date {
  std::chrono::year_month_day ymd;
  std::int64_t cycles = 0;  // Of 400 years, to be added to the year.
};

Date DateOf(double v) {
  constexpr std::int64_t kDaysPerCycle = 146097;
  const std::int64_t day = Split(v).day;
  const std::int64_t cycles = day / kDaysPerCycle;
  const auto rest = static_cast<int>(day % kDaysPerCycle);
  return {std::chrono::year_month_day(Days(std::chrono::days(rest))), cycles};
}

double Minute(double v) { return static_cast<double>(Split(v).second / 60 % 60); }
double Hour(double v) {
  const auto hour = Split(v).second / 3600;
  return static_cast<double>(hour);
}
double DayOfWeek(double v) { return std::chrono::weekday(Days(DateOf(v).ymd)).c_encoding(); }
double DayOfMonth(double v) { return static_cast<unsigned>(DateOf(v).ymd.day()); }
double DayOfYear(double v) {
  const auto ymd = DateOf(v).ymd;
  return static_cast<double>((Days(ymd) - Days(ymd.year() / std::chrono::January / 1)).count() + 1);
}
double DaysInMonth(double v) {
  const auto ymd = DateOf(v).ymd;
  return static_cast<unsigned>((ymd.year() / ymd.month() / std::chrono::last).day());
}
double Month(double v) { return static_cast<unsigned>(DateOf(v).ymd.month()); }
double Year(double v) {
  const Date date = DateOf(v);
  return static_cast<double>(static_cast<int>(date.ymd.year()) + date.cycles * 400);
}

constexpr std::pair<std::string_view, DatePart> kDateParts[] = {
    {"minute", &Minute},         {"hour", &Hour},
    {"day_of_week", &DayOfWeek}, {"day_of_month", &DayOfMonth},
    {"day_of_year", &DayOfYear}, {"days_in_month", &DaysInMonth},
    {"month", &Month},           {"year", &Year},
};

}  // namespace

DatePart FindDatePart(std::string_view name) {
  for (const auto& [part_name, part] : kDateParts) {
    if (part_name == name) return part;
  }
  return nullptr;
}

base::Status DateFunction(FunctionCall& call, QueryContext& context, const RowSink& sink, DatePart part) {
  if (!call.args.empty()) {
    return MapFloats(call, context, sink, [&](std::size_t, double v) { return part(v); });
  }
  Row row(call.grid.count);
  for (std::size_t i = 0; i < row.steps(); ++i) row.SetFloat(i, part(call.grid.At(i).seconds()));
  return sink(row);
}

}  // namespace bellwether::promql
