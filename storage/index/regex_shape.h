// storage/index/regex_shape.h
//
// What can be read off a regular expression without running it: the finite list of strings that it matches (a|b|c, the
// commonest by far in dashboards), or the literal that every match begins with. The reader gives up on anything
// unusual; then the expression is run on every value, which is slower and never wrong.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bellwether::storage::index {

struct RegexShape {
  // Set: the expression, anchored, matches exactly these strings (sorted, unique).
  std::optional<std::vector<std::string>> literals;
  // Every match begins with this.
  std::string prefix;
};

[[nodiscard]] RegexShape ReadRegexShape(std::string_view pattern);

}  // namespace bellwether::storage::index
