#include "template/literal.h"

#include <charconv>

#include "base/number.h"
#include "base/utf8.h"

namespace bellwether::templating {
namespace {

bool TakeDigits(std::string_view& in, int base, std::size_t count, std::uint32_t& out) {
  if (in.size() < count) return false;
  const auto [end, error] = std::from_chars(in.data(), in.data() + count, out, base);
  if (error != std::errc() || end != in.data() + count) return false;
  in.remove_prefix(count);
  return true;
}

// One escape behind its backslash. Octal and \x escapes are bytes, the others code points.
bool TakeEscape(std::string_view& in, char quote, std::uint32_t& code, bool& is_byte) {
  if (in.empty()) return false;
  const char c = in[0];
  is_byte = false;
  if (c >= '0' && c <= '7') {
    is_byte = true;
    return TakeDigits(in, 8, 3, code) && code <= 0xFF;
  }
  in.remove_prefix(1);
  switch (c) {
    case 'a': code = '\a'; return true;
    case 'b': code = '\b'; return true;
    case 'f': code = '\f'; return true;
    case 'n': code = '\n'; return true;
    case 'r': code = '\r'; return true;
    case 't': code = '\t'; return true;
    case 'v': code = '\v'; return true;
    case '\\': code = '\\'; return true;
    case 'x': is_byte = true; return TakeDigits(in, 16, 2, code);
    case 'u': return TakeDigits(in, 16, 4, code) && (code < 0xD800 || code > 0xDFFF);
    case 'U': return TakeDigits(in, 16, 8, code) && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    default: code = static_cast<unsigned char>(c); return c == quote;
  }
}

// Digits with underscores between them, underscores gone; nothing if one stands elsewhere.
std::optional<std::string> WithoutUnderscores(std::string_view text, bool prefixed) {
  std::string out;
  bool digit_before = prefixed;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out.push_back(text[i]);
      digit_before = text[i] != '.' && text[i] != '+' && text[i] != '-';
      continue;
    }
    const bool digit_behind = i + 1 < text.size() && text[i + 1] != '_' && text[i + 1] != '.';
    if (!digit_before || !digit_behind) return std::nullopt;
    digit_before = false;
  }
  return out;
}

}  // namespace

std::optional<std::string> Unquote(std::string_view quoted) {
  if (quoted.size() < 2 || quoted.front() != quoted.back()) return std::nullopt;
  const char quote = quoted.front();
  std::string_view in = quoted.substr(1, quoted.size() - 2);
  std::string out;
  if (quote == '`') {
    for (const char c : in) {
      if (c != '\r') out.push_back(c);
    }
    return out;
  }
  if (quote != '"') return std::nullopt;
  while (!in.empty()) {
    if (in[0] == '"' || in[0] == '\n') return std::nullopt;
    if (in[0] != '\\') {
      out.push_back(in[0]);
      in.remove_prefix(1);
      continue;
    }
    in.remove_prefix(1);
    std::uint32_t code = 0;
    bool is_byte = false;
    if (!TakeEscape(in, quote, code, is_byte)) return std::nullopt;
    if (is_byte) {
      out.push_back(static_cast<char>(code));
    } else {
      base::AppendUtf8(out, code);
    }
  }
  return out;
}

std::optional<std::int64_t> UnquoteCharacter(std::string_view quoted) {
  if (quoted.size() < 3 || quoted.front() != '\'' || quoted.back() != '\'') return std::nullopt;
  std::string_view in = quoted.substr(1, quoted.size() - 2);
  std::uint32_t code = 0;
  if (in[0] == '\\') {
    in.remove_prefix(1);
    bool is_byte = false;
    if (!TakeEscape(in, '\'', code, is_byte)) return std::nullopt;
  } else {
    code = base::NextCodePoint(in);
  }
  if (!in.empty()) return std::nullopt;
  return code;
}

std::optional<std::int64_t> ParseInteger(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  int base = 10;
  bool prefixed = false;
  if (text.size() > 1 && text[0] == '0') {
    const char kind = static_cast<char>(text[1] | 0x20);
    prefixed = true;
    base = kind == 'x' ? 16 : kind == 'b' ? 2 : 8;
    text.remove_prefix(kind == 'x' || kind == 'b' || kind == 'o' ? 2 : 1);
  }
  const auto digits = WithoutUnderscores(text, prefixed);
  if (!digits || digits->empty()) return std::nullopt;
  std::uint64_t magnitude = 0;
  const auto [end, error] = std::from_chars(digits->data(), digits->data() + digits->size(), magnitude, base);
  if (error != std::errc() || end != digits->data() + digits->size()) return std::nullopt;
  constexpr std::uint64_t kMax = 0x7FFFFFFFFFFFFFFFULL;
  if (magnitude > kMax + (negative ? 1 : 0)) return std::nullopt;
  return negative ? static_cast<std::int64_t>(~magnitude + 1) : static_cast<std::int64_t>(magnitude);
}

std::optional<double> ParseFloat(std::string_view text) {
  const auto digits = WithoutUnderscores(text, false);
  if (!digits || digits->find_first_of("0123456789") == std::string::npos) return std::nullopt;
  return base::ParseNumber(*digits);
}

}  // namespace bellwether::templating
