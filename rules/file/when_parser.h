// rules/file/when_parser.h
//
// Reads `when`. Grammar, loosest first:
//
//   or       = and { "or" and }
//   and      = not { "and" not }
//   not      = "not" not | primary
//   primary  = "(" or ")" | at_least | score | SIGNAL
//   at_least = "at_least" "(" INTEGER "," or { "," or } ")"
//   score    = "score" "(" SIGNAL "=" NUMBER { "," SIGNAL "=" NUMBER } ")" (">=" | ">") NUMBER
//   SIGNAL   = [a-zA-Z_][a-zA-Z0-9_]*, but no keyword
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "rules/state/when.h"

namespace bellwether::rules {

// `signals`: the names that may be used. kInvalidArgument: "1:COLUMN: " and what is wrong, column in bytes from 1.
[[nodiscard]] base::Result<When> ParseWhen(std::string_view text, std::span<const std::string> signals);

// What a signal may be called: an identifier that means nothing else in `when`.
[[nodiscard]] bool IsSignalName(std::string_view name);

}  // namespace bellwether::rules
