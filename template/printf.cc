// fmt.Sprintf.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include <fmt/format.h>

#include "base/number.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "template/go_time.h"
#include "template/print.h"

namespace bellwether::templating {
namespace {

constexpr int kNumberMax = 1'000'000;  // Of a width, a precision or an argument index, as in Go.

struct Spec {
  bool minus = false, plus = false, sharp = false, space = false, zero = false;
  int width = -1;
  int precision = -1;
  char32_t verb = 0;
  bool quoted = false;  // %#v: texts in quotes.
};

std::string VerbText(char32_t verb) {
  std::string out;
  base::AppendUtf8(out, static_cast<std::uint32_t>(verb));
  return out;
}

std::string FormatOne(const Spec& spec, const Value& value);

// The value is shown with the width and flags it was to have.
std::string BadVerb(const Spec& spec, const Value& value) {
  if (value.is_nil()) return "%!" + VerbText(spec.verb) + "(<nil>)";
  Spec shown = spec;
  shown.verb = 'v';
  return "%!" + VerbText(spec.verb) + "(" + value.TypeName() + "=" + FormatOne(shown, value) + ")";
}

std::string Pad(const Spec& spec, std::string text) {
  const auto length = static_cast<int>(base::CountCodePoints(text));
  if (spec.width <= length) return text;
  const auto fill = static_cast<std::size_t>(spec.width - length);
  if (spec.minus) return text + std::string(fill, ' ');
  return std::string(fill, spec.zero ? '0' : ' ') + text;
}

std::string FirstCodePoints(std::string_view text, int n) {
  std::string_view rest = text;
  for (int i = 0; i < n && !rest.empty(); ++i) base::NextCodePoint(rest);
  return std::string(text.substr(0, text.size() - rest.size()));
}

// "text" as Go quotes it; with `ascii`, nothing outside ASCII is left.
std::string QuoteText(const std::string& text, bool ascii) {
  std::string quoted = base::Quote(text);
  if (!ascii) return quoted;
  std::string out;
  std::string_view rest = quoted;
  while (!rest.empty()) {
    const std::uint32_t c = base::NextCodePoint(rest);
    if (c < 0x80) {
      out.push_back(static_cast<char>(c));
    } else {
      out += c < 0x10000 ? fmt::format("\\u{:04x}", c) : fmt::format("\\U{:08x}", c);
    }
  }
  return out;
}

bool CanBackquote(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return c == '`' || c == 0x7f || (static_cast<unsigned char>(c) < 0x20 && c != '\t');
  });
}

std::string HexText(const Spec& spec, std::string_view text, bool upper) {
  if (spec.precision >= 0) text = text.substr(0, static_cast<std::size_t>(spec.precision));
  std::string out;
  const std::string prefix = spec.sharp ? (upper ? "0X" : "0x") : "";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i > 0 && spec.space) out.push_back(' ');
    if (i == 0 || spec.space) out += prefix;
    const auto byte = static_cast<unsigned char>(text[i]);
    out += upper ? fmt::format("{:02X}", byte) : fmt::format("{:02x}", byte);
  }
  return out;
}

std::string FormatText(const Spec& spec, const std::string& text, const Value& value) {
  const bool cut = spec.precision >= 0;
  switch (spec.verb) {
    case 'v':
      if (spec.quoted && value.is_string()) return Pad(spec, QuoteText(text, false));
      [[fallthrough]];
    case 's': return Pad(spec, cut ? FirstCodePoints(text, spec.precision) : text);
    case 'q': {
      const std::string shown = cut ? FirstCodePoints(text, spec.precision) : text;
      if (spec.sharp && CanBackquote(shown)) return Pad(spec, "`" + shown + "`");
      return Pad(spec, QuoteText(shown, spec.plus));
    }
    case 'x': return Pad(spec, HexText(spec, text, false));
    case 'X': return Pad(spec, HexText(spec, text, true));
    default: return BadVerb(spec, value);
  }
}

std::string Digits(std::uint64_t magnitude, char32_t verb) {
  switch (verb) {
    case 'b': return fmt::format("{:b}", magnitude);
    case 'o':
    case 'O': return fmt::format("{:o}", magnitude);
    case 'x': return fmt::format("{:x}", magnitude);
    case 'X': return fmt::format("{:X}", magnitude);
    default: return fmt::format("{}", magnitude);
  }
}

std::string NumberPrefix(const Spec& spec) {
  if (spec.verb == 'O') return "0o";
  if (!spec.sharp) return "";
  switch (spec.verb) {
    case 'b': return "0b";
    case 'o': return "0";
    case 'x': return "0x";
    case 'X': return "0X";
    default: return "";
  }
}

std::string FormatInteger(Spec spec, std::int64_t v) {
  const std::string sign = v < 0 ? "-" : spec.plus ? "+" : spec.space ? " " : "";
  auto magnitude = static_cast<std::uint64_t>(v);
  if (v < 0) magnitude = ~magnitude + 1;
  std::string digits = Digits(magnitude, spec.verb);
  std::size_t least = 0;
  if (spec.precision >= 0) {
    if (spec.precision == 0 && v == 0) return Pad(Spec{.width = spec.width}, "");
    least = static_cast<std::size_t>(spec.precision);
  } else if (spec.zero && !spec.minus && spec.width > 0) {
    least = static_cast<std::size_t>(spec.width) - std::min(sign.size(), static_cast<std::size_t>(spec.width));
  }
  if (digits.size() < least) digits.insert(0, least - digits.size(), '0');
  std::string prefix = NumberPrefix(spec);
  if (prefix == "0" && digits.starts_with('0')) prefix.clear();
  spec.zero = false;
  return Pad(spec, sign + prefix + digits);
}

std::string FormatCharacter(const Spec& spec, std::int64_t v) {
  const bool valid = v >= 0 && v <= 0x10FFFF && (v < 0xD800 || v > 0xDFFF);
  std::string text;
  base::AppendUtf8(text, valid ? static_cast<std::uint32_t>(v) : 0xFFFD);
  if (spec.verb == 'c') return Pad(spec, text);
  if (spec.verb == 'U') {
    std::string out = fmt::format("U+{:04X}", static_cast<std::uint64_t>(v));
    if (spec.sharp && valid) out += " '" + text + "'";
    return Pad(spec, out);
  }
  std::string quoted = QuoteText(text, spec.plus);
  quoted = "'" + quoted.substr(1, quoted.size() - 2) + "'";
  if (v == '\'') quoted = "'\\''";
  if (v == '"') quoted = "'\"'";
  return Pad(spec, quoted);
}

std::string FormatInt(const Spec& spec, std::int64_t v, const Value& value) {
  switch (spec.verb) {
    case 'v':
    case 'd':
    case 'b':
    case 'o':
    case 'O':
    case 'x':
    case 'X': return FormatInteger(spec, v);
    case 'c':
    case 'q':
    case 'U': return FormatCharacter(spec, v);
    default: return BadVerb(spec, value);
  }
}

std::string CFloat(char verb, int precision, bool sharp, double v) {
  const char format[] = {'%', '#', '.', '*', verb, '\0'};
  const char plain[] = {'%', '.', '*', verb, '\0'};
  std::string out(32, '\0');
  for (;;) {
    const int n = std::snprintf(out.data(), out.size(), sharp ? format : plain, precision, v);
    const auto size = static_cast<std::size_t>(std::max(n, 0));
    if (size < out.size()) {
      out.resize(size);
      return out;
    }
    out.resize(size + 1);
  }
}

std::string FloatDigits(const Spec& spec, double v) {
  switch (spec.verb) {
    case 'e':
    case 'E': return CFloat(static_cast<char>(spec.verb), spec.precision < 0 ? 6 : spec.precision, spec.sharp, v);
    case 'f':
    case 'F': return CFloat('f', spec.precision < 0 ? 6 : spec.precision, spec.sharp, v);
    default: break;
  }
  std::string out = spec.precision < 0 && !spec.sharp
                        ? base::FormatNumberG(v)
                        : CFloat('g', spec.precision < 0 ? 6 : spec.precision, spec.sharp, v);
  if (spec.verb == 'G') std::replace(out.begin(), out.end(), 'e', 'E');
  return out;
}

// 0x1.8p+00
std::string FormatHexFloat(const Spec& spec, double v) {
  char buffer[64];
  const int n = spec.precision < 0
                    ? std::snprintf(buffer, sizeof buffer, "%a", std::fabs(v))
                    : std::snprintf(buffer, sizeof buffer, "%.*a", std::min(spec.precision, 30), std::fabs(v));
  std::string text(buffer, static_cast<std::size_t>(n));
  if (std::isnan(v) || std::isinf(v)) text = std::isnan(v) ? "NaN" : "Inf";
  // Go writes at least two digits of exponent.
  if (const std::size_t p = text.find('p'); p != std::string::npos && text.size() == p + 3) text.insert(p + 2, "0");
  if (spec.verb == 'X' && std::isfinite(v))
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return Pad(spec, (std::signbit(v) ? "-" : spec.plus || std::isinf(v) ? "+" : spec.space ? " " : "") + text);
}

std::string FormatFloat(Spec spec, double v, const Value& value) {
  if (spec.verb == 'x' || spec.verb == 'X') return FormatHexFloat(spec, v);
  if (std::u32string_view(U"veEfFgG").find(spec.verb) == std::u32string_view::npos) return BadVerb(spec, value);
  if (std::isnan(v) || std::isinf(v)) {
    spec.zero = false;
    std::string text = std::isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf";
    if (std::isnan(v) && spec.plus) text = "+NaN";
    if (spec.space && !spec.plus) text = std::isnan(v) ? " NaN" : v > 0 ? " Inf" : "-Inf";
    return Pad(spec, text);
  }
  const bool negative = std::signbit(v);
  const std::string sign = negative ? "-" : spec.plus ? "+" : spec.space ? " " : "";
  std::string digits = FloatDigits(spec, std::fabs(v));
  if (spec.zero && !spec.minus && spec.width > 0) {
    const auto width = static_cast<std::size_t>(spec.width);
    if (sign.size() + digits.size() < width) digits.insert(0, width - sign.size() - digits.size(), '0');
  }
  return Pad(spec, sign + digits);
}

std::string FormatList(const Spec& spec, const ValueList& list) {
  std::string out = "[";
  for (std::size_t i = 0; i < list.size() && out.size() <= kTextBytesMax; ++i) {
    if (i > 0) out.push_back(' ');
    out += FormatOne(spec, list[i]);
  }
  return out + "]";
}

std::string FormatMap(const Spec& spec, const ValueMap& map) {
  std::string out = "map[";
  const char* space = "";
  for (const auto& [key, value] : map) {
    if (out.size() > kTextBytesMax) break;
    out += space + FormatOne(spec, Value::String(key)) + ":" + FormatOne(spec, value);
    space = " ";
  }
  return out + "]";
}

std::string FormatOne(const Spec& spec, const Value& value) {
  if (spec.verb == 'T') return Pad(spec, value.TypeName());
  const bool is_text_verb = std::u32string_view(U"vsqxX").find(spec.verb) != std::u32string_view::npos;
  switch (value.kind()) {
    case Value::Kind::kNil: return spec.verb == 'v' ? Pad(spec, "<nil>") : BadVerb(spec, value);
    case Value::Kind::kBool:
      return spec.verb == 'v' || spec.verb == 't' ? Pad(spec, value.bool_value() ? "true" : "false")
                                                  : BadVerb(spec, value);
    case Value::Kind::kInt: return FormatInt(spec, value.int_value(), value);
    case Value::Kind::kFloat: return FormatFloat(spec, value.float_value(), value);
    case Value::Kind::kString: return FormatText(spec, value.string_value(), value);
    case Value::Kind::kDuration:
      return is_text_verb ? FormatText(spec, PrintDuration(value.duration_value()), value)
                          : FormatInt(spec, value.duration_value().count, value);
    case Value::Kind::kTime:
      return is_text_verb ? FormatText(spec, PrintTime(value.time_value()), value) : BadVerb(spec, value);
    case Value::Kind::kList: return FormatList(spec, *value.AsList());
    case Value::Kind::kMap: return FormatMap(spec, *value.AsMap());
    case Value::Kind::kObject:
      return is_text_verb ? FormatText(spec, value.object().Print(), value) : BadVerb(spec, value);
  }
  return {};
}

// One walk over a format.
class SprintfRun {
 public:
  SprintfRun(std::string_view format, std::span<const Value> args) : in_(format), args_(args) {}

  std::string Run() {
    while (!in_.empty() && out_.size() <= kTextBytesMax) {
      const std::size_t percent = std::min(in_.find('%'), in_.size());
      out_.append(in_.substr(0, percent));
      in_.remove_prefix(percent);
      if (in_.empty()) break;
      in_.remove_prefix(1);
      Verb();
    }
    if (!reordered_ && next_ < args_.size()) AppendExtra();
    return std::move(out_);
  }

 private:
  void Verb() {
    Spec spec;
    good_index_ = true;
    bool after_index = false;
    TakeFlags(spec);
    after_index = TakeIndex();
    if (TakeStar(spec.width, "%!(BADWIDTH)")) {
      if (spec.width < 0 && star_ok_) {
        spec.width = -spec.width;
        spec.minus = true;
        spec.zero = false;
      }
      after_index = false;
    } else {
      const bool has_number = TakeNumber(spec.width);
      if (after_index && has_number) good_index_ = false;
    }
    if (!in_.empty() && in_[0] == '.') {
      in_.remove_prefix(1);
      if (after_index) good_index_ = false;
      after_index = TakeIndex();
      if (TakeStar(spec.precision, "%!(BADPREC)")) {
        after_index = false;
        if (spec.precision < 0) spec.precision = -1;
      } else if (!TakeNumber(spec.precision)) {
        spec.precision = 0;
      }
    }
    if (!after_index) TakeIndex();
    if (in_.empty()) {
      out_ += "%!(NOVERB)";
      return;
    }
    spec.verb = static_cast<char32_t>(base::NextCodePoint(in_));
    if (spec.verb == 'v') {
      // %+v and %#v ask for another form of structures; numbers are as ever.
      spec.quoted = spec.sharp;
      spec.plus = spec.sharp = false;
    }
    Emit(spec);
  }

  void Emit(const Spec& spec) {
    if (spec.verb == '%') {
      out_.push_back('%');
    } else if (!good_index_) {
      out_ += "%!" + VerbText(spec.verb) + "(BADINDEX)";
    } else if (next_ >= args_.size()) {
      out_ += "%!" + VerbText(spec.verb) + "(MISSING)";
    } else {
      out_ += FormatOne(spec, args_[next_++]);
    }
  }

  void TakeFlags(Spec& spec) {
    for (; !in_.empty(); in_.remove_prefix(1)) {
      switch (in_[0]) {
        case '-':
          spec.minus = true;
          spec.zero = false;
          break;
        case '+': spec.plus = true; break;
        case '#': spec.sharp = true; break;
        case ' ': spec.space = true; break;
        case '0': spec.zero = !spec.minus; break;
        default: return;
      }
    }
  }

  bool TakeNumber(int& out) {
    std::size_t n = 0;
    std::int64_t value = 0;
    while (n < in_.size() && in_[n] >= '0' && in_[n] <= '9') {
      value = std::min<std::int64_t>(value * 10 + (in_[n++] - '0'), kNumberMax + 1);
    }
    in_.remove_prefix(n);
    if (n == 0) return false;
    out = value > kNumberMax ? -1 : static_cast<int>(value);
    return value <= kNumberMax;
  }

  bool TakeStar(int& out, const char* complaint) {
    if (in_.empty() || in_[0] != '*') return false;
    in_.remove_prefix(1);
    star_ok_ = next_ < args_.size() && args_[next_].kind() == Value::Kind::kInt &&
               std::abs(args_[next_].int_value()) <= kNumberMax;
    if (star_ok_) {
      out = static_cast<int>(args_[next_].int_value());
    } else {
      out_ += complaint;
    }
    if (next_ < args_.size()) ++next_;
    return true;
  }

  // "[3]": the next argument is the third.
  bool TakeIndex() {
    if (in_.empty() || in_[0] != '[') return false;
    reordered_ = true;
    const std::size_t close = in_.find(']');
    if (close == std::string_view::npos) {
      good_index_ = false;
      in_.remove_prefix(1);
      return false;
    }
    const std::string_view digits = in_.substr(1, close - 1);
    in_.remove_prefix(close + 1);
    std::size_t index = 0;
    for (const char c : digits) {
      if (c < '0' || c > '9' || index > args_.size()) {
        good_index_ = false;
        return true;
      }
      index = index * 10 + static_cast<std::size_t>(c - '0');
    }
    if (index < 1 || index > args_.size()) {
      good_index_ = false;
    } else {
      next_ = index - 1;
    }
    return true;
  }

  void AppendExtra() {
    out_ += "%!(EXTRA ";
    for (std::size_t i = next_; i < args_.size() && out_.size() <= kTextBytesMax; ++i) {
      if (i > next_) out_ += ", ";
      if (!args_[i].is_nil()) out_ += args_[i].TypeName() + "=";
      AppendValue(out_, args_[i]);
    }
    out_.push_back(')');
  }

  std::string_view in_;
  std::span<const Value> args_;
  std::string out_;
  std::size_t next_ = 0;
  bool reordered_ = false;
  bool good_index_ = true;
  bool star_ok_ = false;
};

}  // namespace

std::string Sprintf(std::string_view format, std::span<const Value> args) { return SprintfRun(format, args).Run(); }

}  // namespace bellwether::templating
