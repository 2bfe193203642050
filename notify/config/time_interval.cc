// Named time intervals, as `time_intervals` writes them.
#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "notify/config/config_reader.h"
#include "template/go_time.h"

namespace bellwether::notify {
namespace {

using yaml::FieldReader;
using yaml::YamlNode;

constexpr std::array<std::string_view, 7> kWeekdays = {"sunday",   "monday", "tuesday", "wednesday",
                                                       "thursday", "friday", "saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"january",   "february", "march",    "april",
                                                      "may",       "june",     "july",     "august",
                                                      "september", "october",  "november", "december"};

std::string AsciiLower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::optional<int> WholeNumber(std::string_view text) {
  int n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return n;
}

std::optional<int> IndexIn(std::span<const std::string_view> names, std::string_view name) {
  const auto it = std::find(names.begin(), names.end(), name);
  return it == names.end() ? std::nullopt : std::optional(static_cast<int>(it - names.begin()));
}

std::optional<int> WeekdayOf(std::string_view text) { return IndexIn(kWeekdays, AsciiLower(text)); }

std::optional<int> MonthOf(std::string_view text) {
  if (const auto named = IndexIn(kMonths, AsciiLower(text))) return *named + 1;
  const auto n = WholeNumber(text);
  return n && *n >= 1 && *n <= 12 ? n : std::nullopt;
}

std::optional<int> DayOf(std::string_view text) {
  const auto n = WholeNumber(text);
  return n && *n != 0 && *n >= -31 && *n <= 31 ? n : std::nullopt;
}

std::optional<int> YearOf(std::string_view text) {
  const auto n = WholeNumber(text);
  return n && *n >= 0 ? n : std::nullopt;
}

// "09:30" in minutes; "24:00" is the end of the day.
std::optional<int> MinuteOf(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = WholeNumber(text.substr(0, 2)), minute = WholeNumber(text.substr(3));
  if (!hour || !minute || *hour < 0 || *minute < 0 || *minute > 59) return std::nullopt;
  const int total = *hour * 60 + *minute;
  return total <= 24 * 60 ? std::optional(total) : std::nullopt;
}

// "a" or "a:b".
void ReadRanges(FieldReader& fields, std::string_view key, std::optional<int> (*part)(std::string_view),
                std::string_view example, std::vector<NumberRange>& out, ReadContext& context) {
  for (const YamlNode& node : fields.List(key)) {
    const std::string_view text = node.scalar;
    const std::size_t colon = text.find(':');
    const auto first = part(text.substr(0, colon));
    const auto last = colon == std::string_view::npos ? first : part(text.substr(colon + 1));
    if (!first || !last) {
      context.faults.Add(node.position, fmt::format("\"{}\" in '{}' is none; write {}", text, key, example));
    } else if ((*first < 0) == (*last < 0) && *first > *last) {
      context.faults.Add(node.position,
                         fmt::format("the start of \"{}\" in '{}' is after its end; write two", text, key));
    } else if (*first < 0 && *last > 0) {
      context.faults.Add(node.position,
                         fmt::format("end day must be negative if start day is negative in \"{}\"", text));
    } else {
      out.push_back({*first, *last});
    }
  }
}

void ReadTimes(FieldReader& fields, TimeInterval& interval, ReadContext& context) {
  for (const YamlNode& node : fields.List("times")) {
    FieldReader range(node, "an element of times", context.faults);
    const auto start = MinuteOf(range.Text("start_time")), end = MinuteOf(range.Text("end_time"));
    if (!start || !end) {
      context.faults.Add(node.position, "times need start_time and end_time, both as HH:MM up to 24:00, in quotes");
    } else if (*start >= *end) {
      context.faults.Add(node.position, "start_time must be before end_time; a range over midnight is written as two");
    } else {
      interval.times.push_back({*start, *end});
    }
    constexpr std::string_view kKnown[] = {"start_time", "end_time"};
    range.RefuseUnknown(kKnown, {});
  }
}

TimeInterval ReadInterval(const YamlNode& node, ReadContext& context) {
  TimeInterval interval;
  FieldReader fields(node, "an element of time_intervals", context.faults);
  ReadTimes(fields, interval, context);
  ReadRanges(fields, "weekdays", WeekdayOf, "monday or monday:friday", interval.weekdays, context);
  ReadRanges(fields, "days_of_month", DayOf, "1, 1:5 or -3:-1", interval.days_of_month, context);
  ReadRanges(fields, "months", MonthOf, "march, 3 or january:march", interval.months, context);
  ReadRanges(fields, "years", YearOf, "2026 or 2026:2028", interval.years, context);
  interval.location = fields.Text("location");
  const auto is_known = [](const std::string& zone) {
    return templating::InZone({.at = base::TimestampMs(0)}, zone).ok();
  };
  // A machine without a zone of its own has UTC.
  if (interval.location == "Local") interval.location = is_known("localtime") ? "localtime" : "UTC";
  if (!is_known(interval.location)) {
    context.faults.Add(
        fields.PositionOf("location"),
        fmt::format("unknown time zone \"{}\"; write an IANA name as in Europe/Berlin", interval.location));
  }
  constexpr std::string_view kKnown[] = {"times", "weekdays", "days_of_month", "months", "years", "location"};
  fields.RefuseUnknown(kKnown, {});
  return interval;
}

}  // namespace

void ReadTimeIntervals(std::span<const YamlNode> intervals, TimeIntervals& out, ReadContext& context) {
  for (const YamlNode& node : intervals) {
    FieldReader fields(node, "a time interval", context.faults);
    const std::string name = fields.Text("name");
    if (name.empty()) context.faults.Add(node.position, "missing name in time interval");
    std::vector<TimeInterval> parts;
    for (const YamlNode& part : fields.List("time_intervals")) parts.push_back(ReadInterval(part, context));
    constexpr std::string_view kKnown[] = {"name", "time_intervals"};
    fields.RefuseUnknown(kKnown, {});
    if (!out.emplace(name, std::move(parts)).second) {
      context.faults.Add(node.position, fmt::format("time interval \"{}\" is not unique", name));
    }
  }
}

}  // namespace bellwether::notify
