// base/utf8.h
//
// UTF-8: validity, and walking by code point.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bellwether::base {

// Well-formed UTF-8 without surrogates and overlong forms, as Go's utf8.ValidString.
[[nodiscard]] bool IsValidUtf8(std::string_view text);

// Takes one code point off the front of `text`; U+FFFD and one byte where the text is not valid. `text` not empty.
std::uint32_t NextCodePoint(std::string_view& text);

void AppendUtf8(std::string& out, std::uint32_t code_point);

// The number of code points; an invalid byte counts as one.
[[nodiscard]] std::size_t CountCodePoints(std::string_view text);

}  // namespace bellwether::base
