#include "base/utf8.h"

#include <cstring>

namespace bellwether::base {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

// The length of the well-formed sequence at the front, 0 if there is none; Unicode 15, table 3-7.
std::size_t SequenceLength(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char b0 = byte(0);
  if (b0 < 0x80) return 1;
  if (b0 < 0xC2 || b0 > 0xF4) return 0;
  const std::size_t n = b0 < 0xE0 ? 2 : b0 < 0xF0 ? 3 : 4;
  if (text.size() < n) return 0;
  unsigned char low = 0x80, high = 0xBF;
  if (b0 == 0xE0) low = 0xA0;
  if (b0 == 0xED) high = 0x9F;
  if (b0 == 0xF0) low = 0x90;
  if (b0 == 0xF4) high = 0x8F;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < n; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return n;
}

}  // namespace

bool IsValidUtf8(std::string_view text) {
  while (!text.empty()) {
    // Labels are ASCII nearly always: eight bytes at a time.
    while (text.size() >= 8) {
      std::uint64_t word;
      std::memcpy(&word, text.data(), 8);
      if (word & 0x8080808080808080ULL) break;
      text.remove_prefix(8);
    }
    if (text.empty()) break;
    const std::size_t n = SequenceLength(text);
    if (n == 0) return false;
    text.remove_prefix(n);
  }
  return true;
}

std::uint32_t NextCodePoint(std::string_view& text) {
  const std::size_t n = SequenceLength(text);
  if (n == 0) {
    text.remove_prefix(1);
    return kReplacement;
  }
  const auto b0 = static_cast<unsigned char>(text[0]);
  std::uint32_t code_point = n == 1 ? b0 : b0 & (0x7Fu >> n);
  for (std::size_t i = 1; i < n; ++i) code_point = code_point << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
  text.remove_prefix(n);
  return code_point;
}

void AppendUtf8(std::string& out, std::uint32_t c) {
  if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) c = kReplacement;
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0 | c >> 6));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | c >> 12));
    out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | c >> 18));
    out.push_back(static_cast<char>(0x80 | (c >> 12 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  }
}

std::size_t CountCodePoints(std::string_view text) {
  std::size_t n = 0;
  while (!text.empty()) {
    NextCodePoint(text);
    ++n;
  }
  return n;
}

}  // namespace bellwether::base
