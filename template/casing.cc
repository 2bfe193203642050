#include "template/casing.h"

#include "base/utf8.h"

namespace bellwether::templating {
namespace {

struct CaseRange {
  std::uint32_t first_upper;
  std::uint32_t last_upper;
  std::uint32_t distance;  // To the lower case letter; 1 means that the cases alternate.
};

constexpr CaseRange kCaseRanges[] = {
    {'A', 'Z', 32},     {0xC0, 0xD6, 32},   {0xD8, 0xDE, 32},    {0x100, 0x12E, 1},   {0x132, 0x136, 1},
    {0x139, 0x147, 1},  {0x14A, 0x176, 1},  {0x179, 0x17D, 1},   {0x391, 0x3A1, 32},  {0x3A3, 0x3AB, 32},
    {0x388, 0x38A, 37}, {0x410, 0x42F, 32}, {0x400, 0x40F, 80},  {0x460, 0x480, 1},   {0x48A, 0x4BE, 1},
    {0x4D0, 0x52E, 1},  {0x531, 0x556, 48}, {0x1E00, 0x1E94, 1}, {0x1EA0, 0x1EFE, 1},
};

std::uint32_t Upper(std::uint32_t c) {
  for (const CaseRange& r : kCaseRanges) {
    if (c < r.first_upper + r.distance || c > r.last_upper + r.distance) continue;
    if (r.distance != 1) return c - r.distance;
    return (c - r.first_upper) % 2 == 1 ? c - 1 : c;
  }
  if (c == 0xFF) return 0x178;
  if (c == 0xB5) return 0x39C;
  if (c == 0x3C2) return 0x3A3;
  if (c == 0x3AC) return 0x386;
  if (c == 0x3CC) return 0x38C;
  if (c == 0x3CD || c == 0x3CE) return c - 63;
  return c;
}

std::uint32_t Lower(std::uint32_t c) {
  for (const CaseRange& r : kCaseRanges) {
    if (c < r.first_upper || c > r.last_upper) continue;
    if (r.distance != 1) return c + r.distance;
    return (c - r.first_upper) % 2 == 0 ? c + 1 : c;
  }
  if (c == 0x178) return 0xFF;
  if (c == 0x386) return 0x3AC;
  if (c == 0x38C) return 0x3CC;
  if (c == 0x38E || c == 0x38F) return c + 63;
  return c;
}

template <typename Change>
std::string MapCodePoints(std::string_view text, const Change& change) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) base::AppendUtf8(out, change(base::NextCodePoint(text)));
  return out;
}

// What strings.Title of Go takes for the gap between words.
bool SeparatesWords(std::uint32_t c) {
  if (c >= 0x80) return c == 0x85 || c == 0xA0 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x3000;
  const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return !word;
}

}  // namespace

std::string ToUpperText(std::string_view text) { return MapCodePoints(text, Upper); }
std::string ToLowerText(std::string_view text) { return MapCodePoints(text, Lower); }

std::string TitleText(std::string_view text, bool lower_rest) {
  bool starts = true;
  return MapCodePoints(text, [&](std::uint32_t c) {
    const std::uint32_t shown = starts ? Upper(c) : lower_rest ? Lower(c) : c;
    // An apostrophe within a word does not end it where the rest is put in lower case.
    starts = SeparatesWords(c) && !(lower_rest && c == '\'' && !starts);
    return shown;
  });
}

}  // namespace bellwether::templating
