// template/regex.h
//
// Regular expressions as templates use them: RE2, not anchored.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace bellwether::templating {

// Errors of both: kInvalidArgument "error parsing regexp: ...".
[[nodiscard]] base::Result<bool> MatchRegex(std::string_view pattern, std::string_view text);

// Every match replaced; $1, ${1}, $name and ${name} stand for groups, $$ for a dollar, as in Go.
[[nodiscard]] base::Result<std::string> ReplaceRegex(std::string_view pattern, std::string_view replacement,
                                                     std::string_view text);

}  // namespace bellwether::templating
