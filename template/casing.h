// template/casing.h
//
// Upper and lower case for the alphabets that have it one code point to one: Latin, Greek, Cyrillic, Armenian. Others
// are left as they are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bellwether::templating {

[[nodiscard]] std::string ToUpperText(std::string_view text);
[[nodiscard]] std::string ToLowerText(std::string_view text);

// The first letter of each word in upper case; `lower_rest` puts the others in lower case.
[[nodiscard]] std::string TitleText(std::string_view text, bool lower_rest);

}  // namespace bellwether::templating
