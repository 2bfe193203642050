// promql/parser/literal.h
//
// The values of literal tokens: numbers, durations, strings.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace bellwether::promql {

// A number token: an integer with Go's prefixes (0x, leading 0 is octal) and underscores, else a float; Inf, NaN.
// kInvalidArgument "error parsing number: ..." if it is neither or does not fit.
[[nodiscard]] base::Result<double> NumberValue(std::string_view text);

// A duration token in seconds; the units must descend. kInvalidArgument with the text, or "duration out of range" past
// 2^63 ns.
[[nodiscard]] base::Result<double> DurationSeconds(std::string_view text);

// A string token, with its quotes and good escapes (the lexer's), as the bytes it stands for.
[[nodiscard]] std::string UnquoteToken(std::string_view token);

}  // namespace bellwether::promql
