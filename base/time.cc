#include "base/time.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/civil_date.h"

namespace bellwether::base {
namespace {

struct DurationUnit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array<DurationUnit, 7> kDurationUnits = {{{"y", 31'536'000'000},
                                                         {"w", 604'800'000},
                                                         {"d", 86'400'000},
                                                         {"h", 3'600'000},
                                                         {"m", 60'000},
                                                         {"s", 1'000},
                                                         {"ms", 1}}};

Status MalformedDuration(std::string_view text) {
  return InvalidArgument(fmt::format(
      "not a valid duration string: \"{}\" (expected a number and a unit, largest first, such as 30s, 5m or 1h30m)",
      text));
}

constexpr std::int64_t kMinFormattedMs = -62'167'219'200'000;  // 0000-01-01T00:00:00Z
constexpr std::int64_t kMaxFormattedMs = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z

// "2026-08-21T10:00:00" and the milliseconds left over.
std::pair<std::string, int> FormatSeconds(TimestampMs t) {
  std::int64_t ms = t.ms;
  if (ms < kMinFormattedMs) ms = kMinFormattedMs;
  if (ms > kMaxFormattedMs) ms = kMaxFormattedMs;
  std::int64_t days = ms / 86'400'000;
  std::int64_t rest = ms % 86'400'000;
  if (rest < 0) {
    rest += 86'400'000;
    --days;
  }
  const CivilDate c = CivilFromDays(days);
  const std::int64_t s = rest / 1000;
  return {fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", c.year, c.month, c.day, s / 3600, s / 60 % 60, s % 60),
          static_cast<int>(rest % 1000)};
}

bool ReadDigits(std::string_view text, std::size_t at, std::size_t n, unsigned& out) {
  if (at + n > text.size()) return false;
  const char* first = text.data() + at;
  const auto [end, error] = std::from_chars(first, first + n, out);
  return error == std::errc() && end == first + n;
}

}  // namespace

Result<DurationMs> ParseDuration(std::string_view text) {
  if (text == "0") return DurationMs(0);
  if (text.empty()) return InvalidArgument("empty duration string");
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    std::int64_t n = 0;
    const char* first = text.data() + at;
    const auto [end, error] = std::from_chars(first, text.data() + text.size(), n);
    if (end == first || *first == '-') return MalformedDuration(text);
    if (error == std::errc::result_out_of_range)
      return InvalidArgument(fmt::format("duration out of range: \"{}\"", text));
    at += static_cast<std::size_t>(end - first);
    std::size_t unit_end = at;
    while (unit_end < text.size() && (text[unit_end] < '0' || text[unit_end] > '9')) ++unit_end;
    const std::string_view unit = text.substr(at, unit_end - at);
    while (next_unit < kDurationUnits.size() && kDurationUnits[next_unit].name != unit) ++next_unit;
    if (next_unit == kDurationUnits.size()) return MalformedDuration(text);
    std::int64_t product = 0;
    if (__builtin_mul_overflow(n, kDurationUnits[next_unit].ms, &product) ||
        __builtin_add_overflow(total, product, &total) ||
        total > std::numeric_limits<std::int64_t>::max() / 1'000'000) {
      return InvalidArgument(fmt::format("duration out of range: \"{}\"", text));
    }
    ++next_unit;
    at = unit_end;
  }
  return DurationMs(total);
}

std::string FormatDuration(DurationMs d) {
  if (d.ms == 0) return "0s";
  std::string out;
  std::uint64_t left = static_cast<std::uint64_t>(d.ms);
  if (d.ms < 0) {
    out = "-";
    left = ~left + 1;
  }
  // As Prometheus: years, weeks and days are used only when nothing smaller is left over.
  for (const auto& [name, ms] : kDurationUnits) {
    const auto unit = static_cast<std::uint64_t>(ms);
    const bool exact_only = unit >= 86'400'000;
    if (left == 0 || left < unit || (exact_only && left % unit != 0)) continue;
    out += fmt::format("{}{}", left / unit, name);
    left %= unit;
  }
  return out;
}

std::string FormatRfc3339Ms(TimestampMs t) {
  const auto [text, ms] = FormatSeconds(t);
  return fmt::format("{}.{:03}Z", text, ms);
}

std::string FormatRfc3339(TimestampMs t) {
  auto [text, ms] = FormatSeconds(t);
  if (ms != 0) {
    std::string fraction = fmt::format(".{:03}", ms);
    while (fraction.back() == '0') fraction.pop_back();
    text += fraction;
  }
  return text + "Z";
}

Result<TimestampMs> ParseRfc3339(std::string_view text) {
  const Status malformed = InvalidArgument(fmt::format("cannot parse \"{}\" as RFC 3339 time", text));
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (text.size() < 20 || !ReadDigits(text, 0, 4, year) || text[4] != '-' || !ReadDigits(text, 5, 2, month) ||
      text[7] != '-' || !ReadDigits(text, 8, 2, day) || (text[10] != 'T' && text[10] != 't') ||
      !ReadDigits(text, 11, 2, hour) || text[13] != ':' || !ReadDigits(text, 14, 2, minute) || text[16] != ':' ||
      !ReadDigits(text, 17, 2, second)) {
    return malformed;
  }
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return malformed;
  std::size_t at = 19;
  std::int64_t tenths_of_ms = 0;
  if (text[at] == '.') {
    ++at;
    std::int64_t scale = 1000;
    const std::size_t first = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      tenths_of_ms += (text[at] - '0') * scale;
      scale /= 10;
      ++at;
    }
    if (at == first) return malformed;
  }
  std::int64_t offset_minutes = 0;
  if (at >= text.size()) return malformed;
  if (text[at] == 'Z' || text[at] == 'z') {
    ++at;
  } else if (text[at] == '+' || text[at] == '-') {
    unsigned offset_hour = 0, offset_minute = 0;
    if (!ReadDigits(text, at + 1, 2, offset_hour) || at + 3 >= text.size() || text[at + 3] != ':' ||
        !ReadDigits(text, at + 4, 2, offset_minute)) {
      return malformed;
    }
    offset_minutes = static_cast<std::int64_t>(offset_hour) * 60 + offset_minute;
    if (text[at] == '-') offset_minutes = -offset_minutes;
    at += 6;
  }
  if (at != text.size()) return malformed;
  const std::int64_t seconds = DaysFromCivil({year, static_cast<int>(month), static_cast<int>(day)}) * 86400 +
                               std::int64_t{hour} * 3600 + std::int64_t{minute} * 60 + second;
  return TimestampMs((seconds - offset_minutes * 60) * 1000 + (tenths_of_ms + 5) / 10);
}

}  // namespace bellwether::base
