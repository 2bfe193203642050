#include "api/handlers/params.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/number.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "promql/parser.h"

namespace bellwether::api {
namespace {

// About 146 million years either way: far beyond every sample, and the sum of two still fits.
constexpr std::int64_t kApiTimeMsMax = std::numeric_limits<std::int64_t>::max() / 2;

// The texts in which Go clients send "everything".
constexpr std::string_view kGoMinTime = "-292273086-05-16T16:47:06Z";
constexpr std::string_view kGoMaxTime = "292277025-08-18T07:12:54.999999999Z";

base::TimestampMs FromSeconds(double seconds) {
  const double whole = std::trunc(seconds);
  const double ms = std::round((seconds - whole) * 1000);
  const double limit = static_cast<double>(kApiTimeMsMax);
  const double total = whole * 1000 + ms;
  if (total >= limit) return base::TimestampMs(kApiTimeMsMax);
  if (total <= -limit) return base::TimestampMs(-kApiTimeMsMax);
  return base::TimestampMs(static_cast<std::int64_t>(total));
}

int HexDigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Reads HEX_ at the front of `text` and takes it off; nothing if that is no code point.
std::optional<std::uint32_t> TakeHexCodePoint(std::string_view& text) {
  const std::size_t end = text.find('_');
  if (end == std::string_view::npos || end == 0 || end > 6) return std::nullopt;
  std::uint32_t code_point = 0;
  for (const char c : text.substr(0, end)) {
    const int digit = HexDigitValue(c);
    if (digit < 0) return std::nullopt;
    code_point = code_point * 16 + static_cast<std::uint32_t>(digit);
  }
  const bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  if (code_point > 0x10ffff || surrogate) return std::nullopt;
  text.remove_prefix(end + 1);
  return code_point;
}

}  // namespace

base::Status InvalidParameter(std::string_view name, std::string_view reason) {
  return base::InvalidArgument(fmt::format("invalid parameter {}: {}", base::Quote(name), reason));
}

base::Result<base::TimestampMs> ParseApiTime(std::string_view text) {
  if (const auto seconds = base::ParseNumber(text); seconds && std::isfinite(*seconds)) return FromSeconds(*seconds);
  if (auto time = base::ParseRfc3339(text); time.ok()) return *time;
  if (text == kGoMinTime) return base::TimestampMs(-kApiTimeMsMax);
  if (text == kGoMaxTime) return base::TimestampMs(kApiTimeMsMax);
  return base::InvalidArgument(fmt::format("cannot parse {} to a valid timestamp", base::Quote(text)));
}

base::Result<std::optional<base::DurationMs>> DurationParam(const HttpRequest& request, std::string_view name) {
  const auto text = request.Param(name);
  if (!text) return std::optional<base::DurationMs>();
  const auto duration = ParseApiDuration(*text);
  if (!duration.ok()) return InvalidParameter(name, duration.status().message());
  if (duration->ms < 0) return InvalidParameter(name, "a duration below zero makes no sense here");
  return std::optional(*duration);
}

base::Result<base::DurationMs> ParseApiDuration(std::string_view text) {
  if (const auto seconds = base::ParseNumber(text); seconds && !std::isnan(*seconds)) {
    constexpr double kNanosecondsMax = 9223372036854775807.0;
    if (std::abs(*seconds * 1e9) > kNanosecondsMax) {
      return base::InvalidArgument(
          fmt::format("cannot parse {} to a valid duration. It overflows int64", base::Quote(text)));
    }
    // Nanoseconds first, so that 0.001 is one millisecond and not a little less.
    return base::DurationMs(static_cast<std::int64_t>(std::trunc(*seconds * 1e9)) / 1'000'000);
  }
  if (auto duration = base::ParseDuration(text); duration.ok()) return *duration;
  return base::InvalidArgument(fmt::format("cannot parse {} to a valid duration", base::Quote(text)));
}

base::Result<base::TimestampMs> TimeParam(const HttpRequest& request, std::string_view name, base::TimestampMs absent) {
  const std::string text = request.Param(name).value_or("");
  if (text.empty()) return absent;
  auto time = ParseApiTime(text);
  if (time.ok()) return time;
  return InvalidParameter(name, fmt::format("invalid time value for '{}': {}", name, time.status().message()));
}

base::Result<base::TimestampMs> RequiredTimeParam(const HttpRequest& request, std::string_view name) {
  auto time = ParseApiTime(request.Param(name).value_or(""));
  if (time.ok()) return time;
  return InvalidParameter(name, time.status().message());
}

base::Result<std::int64_t> ParseGoInteger(std::string_view text, std::string_view function) {
  const auto fail = [&](std::string_view why) {
    return base::InvalidArgument(fmt::format("strconv.{}: parsing {}: {}", function, base::Quote(text), why));
  };
  std::string_view digits = text;
  if (digits.starts_with('+') && digits.size() > 1 && digits[1] != '-') digits.remove_prefix(1);
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  if (digits.empty() || end != digits.data() + digits.size()) return fail("invalid syntax");
  if (error == std::errc::result_out_of_range) return fail("value out of range");
  if (error != std::errc()) return fail("invalid syntax");
  return n;
}

base::Result<bool> ParseGoBool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return base::InvalidArgument(fmt::format("strconv.ParseBool: parsing {}: invalid syntax", base::Quote(text)));
}

base::Result<std::size_t> LimitParam(const HttpRequest& request) {
  const std::string text = request.Param("limit").value_or("");
  if (text.empty()) return std::size_t{0};
  const auto n = ParseGoInteger(text, "Atoi");
  if (!n.ok()) return InvalidParameter("limit", n.status().message());
  if (*n < 0) return InvalidParameter("limit", "limit must be non-negative");
  return static_cast<std::size_t>(*n);
}

base::Result<SelectorList> ParseSelectors(const std::vector<std::string>& texts) {
  constexpr std::string_view kEmptySelector = "must contain at least one non-empty matcher";
  SelectorList selectors;
  for (const std::string& text : texts) {
    auto matchers = promql::ParseMetricSelector(text);
    if (!matchers.ok()) {
      if (matchers.status().message().find(kEmptySelector) == std::string::npos) return matchers.status();
      return base::InvalidArgument(fmt::format("match[] {}", kEmptySelector));
    }
    selectors.push_back(std::move(*matchers));
  }
  return selectors;
}

base::Result<TimeBounds> BoundsParams(const HttpRequest& request) {
  BW_ASSIGN_OR_RETURN(const base::TimestampMs min, TimeParam(request, "start", kAllTime.min));
  BW_ASSIGN_OR_RETURN(const base::TimestampMs max, TimeParam(request, "end", kAllTime.max));
  return TimeBounds{min, max};
}

std::vector<std::string> ListParam(const HttpRequest& request, std::string_view name) {
  std::vector<std::string> values = request.ParamAll(fmt::format("{}[]", name));
  for (std::string& value : request.ParamAll(name)) values.push_back(std::move(value));
  return values;
}

std::string UnescapeLabelName(std::string_view name) {
  if (!name.starts_with("U__")) return std::string(name);
  std::string_view rest = name.substr(3);
  std::string plain;
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c != '_') {
      plain.push_back(c);
    } else if (rest.starts_with('_')) {
      plain.push_back('_');
      rest.remove_prefix(1);
    } else if (const auto code_point = TakeHexCodePoint(rest)) {
      base::AppendUtf8(plain, *code_point);
    } else {
      return std::string(name);
    }
  }
  return plain;
}

}  // namespace bellwether::api
