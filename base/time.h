// base/time.h
//
// Points in time and spans between them, in milliseconds, as types that do not mix with bare integers.
//
// Durations in text follow Prometheus: "1h30m", units y w d h m s ms in descending order, each at most once; 1d = 24h,
// 1w = 7d, 1y = 365d.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/status.h"

namespace bellwether::base {

struct DurationMs {
  std::int64_t ms = 0;

  constexpr DurationMs() = default;
  constexpr explicit DurationMs(std::int64_t milliseconds) : ms(milliseconds) {}

  [[nodiscard]] constexpr double seconds() const { return static_cast<double>(ms) / 1000.0; }
  friend constexpr auto operator<=>(DurationMs, DurationMs) = default;
  friend constexpr DurationMs operator+(DurationMs a, DurationMs b) { return DurationMs(a.ms + b.ms); }
  friend constexpr DurationMs operator-(DurationMs a, DurationMs b) { return DurationMs(a.ms - b.ms); }
  friend constexpr DurationMs operator-(DurationMs a) { return DurationMs(-a.ms); }
  friend constexpr DurationMs operator*(DurationMs a, std::int64_t k) { return DurationMs(a.ms * k); }
};

// Milliseconds since the Unix epoch, UTC. Negative values are ordinary.
struct TimestampMs {
  std::int64_t ms = 0;

  constexpr TimestampMs() = default;
  constexpr explicit TimestampMs(std::int64_t milliseconds) : ms(milliseconds) {}

  [[nodiscard]] constexpr double seconds() const { return static_cast<double>(ms) / 1000.0; }
  static constexpr TimestampMs Min() { return TimestampMs(std::numeric_limits<std::int64_t>::min()); }
  static constexpr TimestampMs Max() { return TimestampMs(std::numeric_limits<std::int64_t>::max()); }
  friend constexpr auto operator<=>(TimestampMs, TimestampMs) = default;
  friend constexpr TimestampMs operator+(TimestampMs a, DurationMs b) { return TimestampMs(a.ms + b.ms); }
  friend constexpr TimestampMs operator-(TimestampMs a, DurationMs b) { return TimestampMs(a.ms - b.ms); }
  friend constexpr DurationMs operator-(TimestampMs a, TimestampMs b) { return DurationMs(a.ms - b.ms); }
};

constexpr DurationMs Milliseconds(std::int64_t n) { return DurationMs(n); }
constexpr DurationMs Seconds(std::int64_t n) { return DurationMs(n * 1000); }
constexpr DurationMs Minutes(std::int64_t n) { return DurationMs(n * 60'000); }
constexpr DurationMs Hours(std::int64_t n) { return DurationMs(n * 3'600'000); }
constexpr DurationMs Days(std::int64_t n) { return DurationMs(n * 86'400'000); }

// Reads "5m", "1h30m", "0"; no sign. kInvalidArgument names the text if it is malformed or does not fit.
[[nodiscard]] Result<DurationMs> ParseDuration(std::string_view text);

// Writes what ParseDuration reads, shortest form: "1h30m", "0s", "-5m".
[[nodiscard]] std::string FormatDuration(DurationMs d);

// RFC 3339 in UTC with three decimals: "2026-08-21T10:00:00.000Z". Years outside 0..9999 are clamped to them.
[[nodiscard]] std::string FormatRfc3339Ms(TimestampMs t);

// RFC 3339 in UTC, trailing zeros of the fraction cut as Go's RFC3339Nano does: "2026-08-21T10:00:00.5Z".
[[nodiscard]] std::string FormatRfc3339(TimestampMs t);

// Reads RFC 3339 with any offset and fraction (digits past milliseconds are rounded).
[[nodiscard]] Result<TimestampMs> ParseRfc3339(std::string_view text);

}  // namespace bellwether::base
