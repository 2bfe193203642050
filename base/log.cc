#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/clock.h"
#include "base/quote.h"

namespace bellwether::base {
namespace {

std::atomic<LogLevel> g_level{LogLevel::kWarning};
std::atomic<LogFormat> g_format{LogFormat::kText};

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarning: return "warn";
    case LogLevel::kError: return "error";
  }
  return "info";
}

spdlog::logger& Logger() {
  static const auto logger = [] {
    auto made = std::make_shared<spdlog::logger>("bellwether", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

bool NeedsQuotes(std::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    if (c <= ' ' || c == '"' || c == '=' || c == '\\') return true;
  }
  return false;
}

std::string TextLine(LogLevel level, std::string_view message, std::initializer_list<LogField> fields,
                     const std::string& now) {
  std::string line = "ts=" + now + " level=" + std::string(LevelName(level)) + " msg=" + Quote(message);
  for (const LogField& f : fields) {
    line.append(" ").append(f.key).append("=");
    if (NeedsQuotes(f.value)) {
      AppendQuoted(line, f.value);
    } else {
      line += f.value;
    }
  }
  return line;
}

void AppendJsonString(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr char kHex[] = "0123456789abcdef";
      out += "\\u00";
      out.push_back(kHex[c >> 4]);
      out.push_back(kHex[c & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

std::string JsonLine(LogLevel level, std::string_view message, std::initializer_list<LogField> fields,
                     const std::string& now) {
  std::string line = "{\"ts\":\"" + now + "\",\"level\":\"" + std::string(LevelName(level)) + "\",\"msg\":";
  AppendJsonString(line, message);
  for (const LogField& f : fields) {
    line.push_back(',');
    AppendJsonString(line, f.key);
    line.push_back(':');
    AppendJsonString(line, f.value);
  }
  line.push_back('}');
  return line;
}

}  // namespace

void ConfigureLog(LogLevel level, LogFormat format) {
  g_level = level;
  g_format = format;
}

bool LogEnabled(LogLevel level) { return level >= g_level.load(std::memory_order_relaxed); }

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  const std::string now = FormatRfc3339Ms(SystemClock().Now());
  const bool json = g_format.load(std::memory_order_relaxed) == LogFormat::kJson;
  Logger().info(json ? JsonLine(level, message, fields, now) : TextLine(level, message, fields, now));
}

bool LogDue(std::atomic<std::int64_t>& next, std::chrono::nanoseconds period) {
  const std::int64_t now = SystemClock().MonotonicNanos();
  std::int64_t due = next.load(std::memory_order_relaxed);
  return now >= due && next.compare_exchange_strong(due, now + period.count(), std::memory_order_relaxed);
}

}  // namespace bellwether::base
