#include "api/json/json_writer.h"

#include <charconv>
#include <cmath>

#include "base/number.h"
#include "base/utf8.h"

namespace bellwether::api {
namespace {

enum class JsonEscape { kPlain, kGo };

constexpr std::string_view kHexDigits = "0123456789abcdef";

void AppendUnicodeEscape(std::string& out, std::uint32_t code_point) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out.push_back(kHexDigits[(code_point >> shift) & 0xf]);
}

bool IsPlainJsonByte(unsigned char c, JsonEscape escape) {
  if (c < 0x20 || c == '"' || c == '\\' || c >= 0x80) return false;
  return escape == JsonEscape::kPlain || (c != '<' && c != '>' && c != '&');
}

void AppendEscapedAscii(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: AppendUnicodeEscape(out, static_cast<unsigned char>(c));
  }
}

// Takes the code point at the front of `text`.
void AppendEscapedCodePoint(std::string& out, std::string_view& text, JsonEscape escape) {
  const std::string_view before = text;
  const std::uint32_t code_point = base::NextCodePoint(text);
  const std::string_view bytes = before.substr(0, before.size() - text.size());
  const bool invalid = code_point == 0xfffd && bytes.size() == 1;
  const bool separator = escape == JsonEscape::kGo && (code_point == 0x2028 || code_point == 0x2029);
  if (invalid || separator) {
    AppendUnicodeEscape(out, code_point);
  } else {
    out.append(bytes);
  }
}

void AppendJsonString(std::string& out, std::string_view text, JsonEscape escape) {
  out.push_back('"');
  while (!text.empty()) {
    std::size_t n = 0;
    while (n < text.size() && IsPlainJsonByte(static_cast<unsigned char>(text[n]), escape)) ++n;
    out.append(text.substr(0, n));
    text.remove_prefix(n);
    if (text.empty()) break;
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      AppendEscapedAscii(out, text.front());
      text.remove_prefix(1);
    } else {
      AppendEscapedCodePoint(out, text, escape);
    }
  }
  out.push_back('"');
}

template <typename Int>
void AppendJsonInteger(std::string& out, Int n) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof(digits), n);
  out.append(digits, static_cast<std::size_t>(end - digits));
}

}  // namespace

JsonWriter& JsonWriter::Open(char bracket) {
  BeforeValue();
  buffer_.push_back(bracket);
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  buffer_.push_back(bracket);
  comma_ = true;
  FlushIfFull();
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view name) {
  BeforeValue();
  AppendJsonString(buffer_, name, JsonEscape::kPlain);
  buffer_.push_back(':');
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view text) {
  BeforeValue();
  AppendJsonString(buffer_, text, JsonEscape::kGo);
  FlushIfFull();
  return *this;
}

JsonWriter& JsonWriter::PlainString(std::string_view text) {
  BeforeValue();
  AppendJsonString(buffer_, text, JsonEscape::kPlain);
  FlushIfFull();
  return *this;
}

JsonWriter& JsonWriter::Integer(std::int64_t n) {
  BeforeValue();
  AppendJsonInteger(buffer_, n);
  return *this;
}

JsonWriter& JsonWriter::Unsigned(std::uint64_t n) {
  BeforeValue();
  AppendJsonInteger(buffer_, n);
  return *this;
}

JsonWriter& JsonWriter::Number(double v) {
  if (!std::isfinite(v)) return Null();
  BeforeValue();
  base::AppendNumber(buffer_, v);
  return *this;
}

JsonWriter& JsonWriter::QuotedNumber(double v) {
  BeforeValue();
  buffer_.push_back('"');
  base::AppendNumber(buffer_, v);
  buffer_.push_back('"');
  return *this;
}

JsonWriter& JsonWriter::Seconds(base::TimestampMs t) {
  BeforeValue();
  std::uint64_t ms = static_cast<std::uint64_t>(t.ms);
  if (t.ms < 0) {
    buffer_.push_back('-');
    ms = ~ms + 1;
  }
  AppendJsonInteger(buffer_, ms / 1000);
  const std::uint64_t fraction = ms % 1000;
  if (fraction != 0) {
    const char digits[] = {'.', static_cast<char>('0' + fraction / 100), static_cast<char>('0' + fraction / 10 % 10),
                           static_cast<char>('0' + fraction % 10)};
    buffer_.append(digits, sizeof(digits));
  }
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view json) {
  BeforeValue();
  buffer_.append(json);
  FlushIfFull();
  return *this;
}

void JsonWriter::Flush() {
  if (buffer_.empty()) return;
  if (alive_) alive_ = sink_.Write(buffer_);
  buffer_.clear();
}

}  // namespace bellwether::api
