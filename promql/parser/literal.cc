#include "promql/parser/literal.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/number.h"
#include "base/quote.h"
#include "base/utf8.h"

namespace bellwether::promql {
namespace {

std::optional<std::int64_t> IntegerLiteral(std::string_view digits) {
  int number_base = 10;
  if (digits.size() > 1 && digits[0] == '0') {
    number_base = 8;
    digits.remove_prefix(1);
    if (digits[0] == 'x' || digits[0] == 'X') {
      number_base = 16;
      digits.remove_prefix(1);
    }
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, number_base);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty()) return std::nullopt;
  return value;
}

struct LiteralUnit {
  std::string_view name;
  std::int64_t ms;
};
constexpr LiteralUnit kLiteralUnits[] = {{"y", 31'536'000'000}, {"w", 604'800'000}, {"d", 86'400'000}, {"h", 3'600'000},
                                         {"m", 60'000},         {"s", 1'000},       {"ms", 1}};

void AppendEscape(std::string_view& rest, std::string& out) {
  const char c = rest[0];
  rest.remove_prefix(1);
  const auto number = [&](std::size_t digits, int number_base) {
    std::uint32_t value = 0;
    std::from_chars(rest.data(), rest.data() + digits, value, number_base);
    rest.remove_prefix(digits);
    return value;
  };
  switch (c) {
    case 'a': out.push_back('\a'); return;
    case 'b': out.push_back('\b'); return;
    case 'f': out.push_back('\f'); return;
    case 'n': out.push_back('\n'); return;
    case 'r': out.push_back('\r'); return;
    case 't': out.push_back('\t'); return;
    case 'v': out.push_back('\v'); return;
    case 'x': out.push_back(static_cast<char>(number(2, 16))); return;
    case 'u': base::AppendUtf8(out, number(4, 16)); return;
    case 'U': base::AppendUtf8(out, number(8, 16)); return;
    default: break;
  }
  if (c >= '0' && c <= '7') {
    rest = std::string_view(rest.data() - 1, rest.size() + 1);
    out.push_back(static_cast<char>(number(3, 8)));
    return;
  }
  out.push_back(c);
}

}  // namespace

base::Result<double> NumberValue(std::string_view text) {
  std::string digits(text);
  digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
  if (const auto integer = IntegerLiteral(digits)) return static_cast<double>(*integer);
  const bool hex = digits.size() > 1 && (digits[1] == 'x' || digits[1] == 'X');
  const std::optional<double> value = hex ? std::nullopt : base::ParseNumber(digits);
  if (!value) {
    return base::InvalidArgument(
        fmt::format("error parsing number: strconv.ParseFloat: parsing {}: invalid syntax", base::Quote(text)));
  }
  if (std::isinf(*value) && digits.find_first_of("0123456789") != std::string::npos) {
    return base::InvalidArgument(
        fmt::format("error parsing number: strconv.ParseFloat: parsing {}: value out of range", base::Quote(text)));
  }
  return *value;
}

base::Result<double> DurationSeconds(std::string_view text) {
  constexpr std::int64_t kMaxMs = std::numeric_limits<std::int64_t>::max() / 1'000'000;
  const auto malformed = [&] { return base::InvalidArgument("not a valid duration string: " + base::Quote(text)); };
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), n);
    if (error != std::errc()) return malformed();
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const std::string_view unit = rest.substr(0, rest.find_first_of("0123456789"));
    if (unit.empty()) return malformed();
    rest.remove_prefix(unit.size());
    const auto* const known = std::find_if(std::begin(kLiteralUnits), std::end(kLiteralUnits),
                                           [&](const LiteralUnit& u) { return u.name == unit; });
    if (known == std::end(kLiteralUnits)) {
      return base::InvalidArgument(fmt::format("unknown unit {} in duration {}", base::Quote(unit), base::Quote(text)));
    }
    const auto index = static_cast<std::size_t>(known - std::begin(kLiteralUnits));
    if (index < next_unit) return malformed();
    next_unit = index + 1;
    const std::int64_t unit_ms = known->ms;
    if (n > kMaxMs / unit_ms || total > kMaxMs - n * unit_ms) return base::InvalidArgument("duration out of range");
    total += n * unit_ms;
  }
  // Whole seconds and the fraction apart, as Go's Duration.Seconds adds them.
  const std::int64_t seconds = total / 1000;
  return static_cast<double>(seconds) + static_cast<double>(total % 1000 * 1'000'000) / 1e9;
}

std::string UnquoteToken(std::string_view token) {
  const char quote = token.front();
  std::string_view rest = token.substr(1, token.size() - 2);
  if (quote == '`') return std::string(rest);
  std::string out;
  out.reserve(rest.size());
  while (!rest.empty()) {
    const char c = rest[0];
    rest.remove_prefix(1);
    if (c != '\\') {
      out.push_back(c);
    } else {
      AppendEscape(rest, out);
    }
  }
  return out;
}

}  // namespace bellwether::promql
