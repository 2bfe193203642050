// yaml/suggestion.h
//
// What was probably meant by a name that does not exist.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace bellwether::yaml {

// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`, by bytes.
[[nodiscard]] std::size_t EditDistance(std::string_view a, std::string_view b);

// The nearest of `known`, if it is near enough to be meant (at most a third of the letters differ, upper and lower case
// being the same); empty otherwise. Of equally near ones the first.
[[nodiscard]] std::string_view Suggest(std::string_view unknown, std::span<const std::string_view> known);

}  // namespace bellwether::yaml
