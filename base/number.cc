#include "base/number.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

#include <fmt/compile.h>
#include <fmt/format.h>

namespace bellwether::base {
namespace {

// |v| = 0.d1d2d3... x 10^exponent is written as digits "d1d2d3" and decimal exponent (of d1.d2d3).
struct Decimal {
  bool negative = false;
  std::string digits;
  int exponent = 0;
};

Decimal Shortest(double v) {
  char buffer[40];
  // fmt writes the shortest round-trip digits (Dragonbox), twice as fast as libstdc++ 12's to_chars.
  const char* end = fmt::format_to(buffer, "{}", v);
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  Decimal d;
  std::size_t at = 0;
  if (text[at] == '-') {
    d.negative = true;
    ++at;
  }
  int point = 0;
  bool seen_point = false;
  int exponent = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.') {
      seen_point = true;
    } else if (c == 'e') {
      const char* first = text.data() + at + (text[at + 1] == '+' ? 2 : 1);
      std::from_chars(first, text.data() + text.size(), exponent);
      break;
    } else {
      if (!seen_point) ++point;
      d.digits.push_back(c);
    }
  }
  std::size_t leading = 0;
  while (leading + 1 < d.digits.size() && d.digits[leading] == '0') ++leading;
  d.digits.erase(0, leading);
  while (d.digits.size() > 1 && d.digits.back() == '0') d.digits.pop_back();
  d.exponent = point - 1 - static_cast<int>(leading) + exponent;
  if (d.digits == "0") d.exponent = 0;
  return d;
}

bool AppendSpecial(std::string& out, double v) {
  if (std::isnan(v)) {
    out += "NaN";
  } else if (std::isinf(v)) {
    out += v > 0 ? "+Inf" : "-Inf";
  } else {
    return false;
  }
  return true;
}

void AppendPlain(std::string& out, const Decimal& d) {
  if (d.negative) out.push_back('-');
  if (d.exponent < 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-d.exponent - 1), '0');
    out += d.digits;
    return;
  }
  const auto whole = static_cast<std::size_t>(d.exponent) + 1;
  if (d.digits.size() <= whole) {
    out += d.digits;
    out.append(whole - d.digits.size(), '0');
  } else {
    out.append(d.digits, 0, whole);
    out.push_back('.');
    out.append(d.digits, whole);
  }
}

void AppendExponent(std::string& out, const Decimal& d) {
  if (d.negative) out.push_back('-');
  out.push_back(d.digits[0]);
  if (d.digits.size() > 1) {
    out.push_back('.');
    out.append(d.digits, 1);
  }
  const int magnitude = d.exponent < 0 ? -d.exponent : d.exponent;
  fmt::format_to(std::back_inserter(out), "e{}{:02}", d.exponent < 0 ? '-' : '+', magnitude);
}

}  // namespace

void AppendNumber(std::string& out, double v) {
  // Most samples are whole numbers of moderate size: the integer path is four times as fast.
  if (v == std::trunc(v) && std::fabs(v) < 1e15 && !(v == 0 && std::signbit(v))) {
    char buffer[24];
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, static_cast<long long>(v));
    out.append(buffer, static_cast<std::size_t>(end - buffer));
    return;
  }
  if (AppendSpecial(out, v)) return;
  const double magnitude = std::fabs(v);
  // Here fmt writes no exponent either, so its text is ours: three times as fast as taking it apart.
  if (magnitude >= 1e-4 && magnitude < 1e15) {
    char buffer[32];
    const char* end = fmt::format_to(buffer, FMT_COMPILE("{}"), v);
    out.append(buffer, static_cast<std::size_t>(end - buffer));
    return;
  }
  const Decimal d = Shortest(v);
  if (magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21)) {
    AppendExponent(out, d);
  } else {
    AppendPlain(out, d);
  }
}

std::string FormatNumber(double v) {
  std::string out;
  AppendNumber(out, v);
  return out;
}

std::string FormatNumberG(double v) {
  constexpr int kExponentFrom = 6;
  std::string out;
  if (AppendSpecial(out, v)) return out;
  const Decimal d = Shortest(v);
  if (d.exponent < -4 || d.exponent >= kExponentFrom) {
    AppendExponent(out, d);
  } else {
    AppendPlain(out, d);
  }
  return out;
}

std::string FormatNumberF(double v) {
  std::string out;
  if (!AppendSpecial(out, v)) AppendPlain(out, Shortest(v));
  return out;
}

std::string FormatNumberE(double v) {
  std::string out;
  if (!AppendSpecial(out, v)) AppendExponent(out, Shortest(v));
  return out;
}

std::string FormatNumberGPrecision(double v, int precision) {
  std::string out;
  if (AppendSpecial(out, v)) return out;
  char buffer[64];
  const int n = std::snprintf(buffer, sizeof buffer, "%.*g", precision, v);
  return std::string(buffer, static_cast<std::size_t>(n));
}

std::optional<double> ParseNumber(std::string_view text) {
  if (text.empty()) return std::nullopt;
  double sign = 1;
  if (text[0] == '+' || text[0] == '-') {
    if (text[0] == '-') sign = -1;
    text.remove_prefix(1);
    if (text.empty() || text[0] == '+' || text[0] == '-') return std::nullopt;
  }
  auto format = std::chars_format::general;
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    format = std::chars_format::hex;
    text.remove_prefix(2);
  }
  double v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v, format);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // from_chars leaves v alone; strtod knows whether it was too big or too small.
    const std::string copy = (format == std::chars_format::hex ? "0x" : "") + std::string(text);
    v = std::strtod(copy.c_str(), nullptr);
  } else if (error != std::errc()) {
    return std::nullopt;
  }
  return sign * v;
}

}  // namespace bellwether::base
