#include "ingest/text/text_number.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include <fmt/format.h>

#include "base/number.h"

namespace bellwether::ingest {
namespace {

// Up to here a mantissa and a power of ten are exact in binary64, and so is one division of the two.
constexpr std::size_t kExactDigitsMax = 15;
constexpr std::array<double, kExactDigitsMax + 1> kPowersOfTen{1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                               1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

// -12.50 and the like, of at most fifteen digits: nearly everything that is ever sent.
std::optional<double> ParseShortDecimal(std::string_view text) {
  const bool negative = text[0] == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > kExactDigitsMax + 1) return std::nullopt;
  std::uint64_t mantissa = 0;
  std::size_t i = 0;
  for (; i < text.size() && IsDigit(text[i]); ++i) mantissa = mantissa * 10 + static_cast<std::uint64_t>(text[i] - '0');
  const std::size_t whole = i;
  std::size_t fraction = 0;
  if (i < text.size() && text[i] == '.') {
    for (++i; i < text.size() && IsDigit(text[i]); ++i, ++fraction) {
      mantissa = mantissa * 10 + static_cast<std::uint64_t>(text[i] - '0');
    }
  }
  if (i < text.size() || whole + fraction == 0 || whole + fraction > kExactDigitsMax) return std::nullopt;
  const double v = static_cast<double>(mantissa) / kPowersOfTen[fraction];
  return negative ? -v : v;
}

std::optional<double> ParseNan(std::string_view text) {
  if (text.size() < 3 || (text[0] | 0x20) != 'n' || (text[1] | 0x20) != 'a' || (text[2] | 0x20) != 'n') return {};
  std::uint64_t bits = kNormalNanBits;
  if (text.size() > 3) {
    if (text.size() < 8 || text.substr(3, 3) != "(0x" || text.back() != ')') return {};
    const char* end = text.data() + text.size() - 1;
    const auto [stop, error] = std::from_chars(text.data() + 6, end, bits, 16);
    if (error != std::errc() || stop != end || !std::isnan(std::bit_cast<double>(bits))) return {};
  }
  return std::bit_cast<double>(bits);
}

std::optional<std::int64_t> ParseWhole(std::string_view text) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return n;
}

// 1.7e9 and other unusual spellings of seconds.
std::optional<base::TimestampMs> SecondsOfNumber(std::string_view text) {
  const std::optional<double> seconds = base::ParseNumber(text);
  if (!seconds || !(std::fabs(*seconds) < 9e15)) return std::nullopt;
  return base::TimestampMs(static_cast<std::int64_t>(std::trunc(*seconds * 1000)));
}

}  // namespace

std::optional<double> ParseTextValue(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (const auto v = ParseShortDecimal(text)) return v;
  if ((text[0] | 0x20) == 'n') return ParseNan(text);
  const auto v = base::ParseNumber(text);
  return v && std::isnan(*v) ? std::bit_cast<double>(kNormalNanBits) : v;
}

void AppendTextValue(std::string& out, double value) {
  if (!std::isnan(value) || std::bit_cast<std::uint64_t>(value) == kNormalNanBits)
    return base::AppendNumber(out, value);
  fmt::format_to(std::back_inserter(out), "nan({:#x})", std::bit_cast<std::uint64_t>(value));
}

std::optional<base::TimestampMs> ParseTextMillis(std::string_view text) {
  const auto n = ParseWhole(text);
  return n ? std::optional(base::TimestampMs(*n)) : std::nullopt;
}

std::optional<base::TimestampMs> ParseTextSeconds(std::string_view text) {
  constexpr std::int64_t kSecondsMax = std::numeric_limits<std::int64_t>::max() / 1000 - 1;
  const std::size_t point = text.find('.');
  const auto whole = ParseWhole(text.substr(0, point));
  if (!whole) return SecondsOfNumber(text);
  if (*whole > kSecondsMax || *whole < -kSecondsMax) return std::nullopt;
  std::int64_t millis = 0;
  if (point != std::string_view::npos) {
    std::int64_t unit = 100;
    for (const char c : text.substr(point + 1)) {
      if (!IsDigit(c)) return SecondsOfNumber(text);
      millis += unit * (c - '0');
      unit /= 10;
    }
  }
  return base::TimestampMs(*whole * 1000 + (text[0] == '-' ? -millis : millis));
}

void AppendTextMillis(std::string& out, base::TimestampMs t) {
  fmt::format_int digits(t.ms);
  out.append(digits.data(), digits.size());
}

void AppendTextSeconds(std::string& out, base::TimestampMs t) {
  const auto magnitude = t.ms < 0 ? 0 - static_cast<std::uint64_t>(t.ms) : static_cast<std::uint64_t>(t.ms);
  if (t.ms < 0) out.push_back('-');
  fmt::format_int digits(magnitude / 1000);
  out.append(digits.data(), digits.size());
  const auto millis = static_cast<unsigned>(magnitude % 1000);
  if (millis == 0) return;
  const char fraction[] = {'.', static_cast<char>('0' + millis / 100), static_cast<char>('0' + millis / 10 % 10),
                           static_cast<char>('0' + millis % 10)};
  out.append(fraction, millis % 100 == 0 ? 2 : millis % 10 == 0 ? 3 : 4);
}

}  // namespace bellwether::ingest
