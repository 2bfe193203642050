// base/log.h
//
// Structured logging: one line an event, `level=warn msg="..." key=value`, or JSON. The sink is set once at start-up;
// before that, and in tests, lines of level warning and above go to standard error. Thread-safe. Never log under a
// lock.
//
//   BW_LOG(kInfo, "window sealed", {"window", start}, {"series", n});
//   BW_LOG_EVERY(10s, kWarning, "sample refused", {"reason", reason});   // at most one line each ten seconds a call
//   site
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/number.h"
#include "base/time.h"

namespace bellwether::base {

enum class LogLevel : unsigned char { kDebug, kInfo, kWarning, kError };
enum class LogFormat : unsigned char { kText, kJson };

// A key and a value already turned to text.
struct LogField {
  std::string_view key;
  std::string value;

  template <typename T>
  LogField(std::string_view k, const T& v) : key(k), value(ToText(v)) {}

 private:
  template <typename T>
  static std::string ToText(const T& v) {
    if constexpr (std::is_same_v<T, bool>) {
      return v ? "true" : "false";
    } else if constexpr (std::is_integral_v<T>) {
      return std::to_string(v);
    } else if constexpr (std::is_floating_point_v<T>) {
      return FormatNumber(v);
    } else if constexpr (std::is_same_v<T, DurationMs>) {
      return FormatDuration(v);
    } else if constexpr (std::is_same_v<T, TimestampMs>) {
      return FormatRfc3339Ms(v);
    } else if constexpr (std::is_same_v<T, Status>) {
      return v.ToString();
    } else {
      return std::string(v);
    }
  }
};

// Sets level and format for the process. Lines go to standard error.
void ConfigureLog(LogLevel level, LogFormat format);
[[nodiscard]] bool LogEnabled(LogLevel level);
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields);

// True at most once in `period`; `next` is the call site's memory.
[[nodiscard]] bool LogDue(std::atomic<std::int64_t>& next, std::chrono::nanoseconds period);

}  // namespace bellwether::base

#define BW_LOG(level, message, ...)                                                         \
  do {                                                                                      \
    if (::bellwether::base::LogEnabled(::bellwether::base::LogLevel::level)) {              \
      ::bellwether::base::Log(::bellwether::base::LogLevel::level, message, {__VA_ARGS__}); \
    }                                                                                       \
  } while (false)

#define BW_LOG_EVERY(period, level, message, ...)          \
  do {                                                     \
    static std::atomic<std::int64_t> bw_next_log{0};       \
    if (::bellwether::base::LogDue(bw_next_log, period)) { \
      BW_LOG(level, message, __VA_ARGS__);                 \
    }                                                      \
  } while (false)
