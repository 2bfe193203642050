// tests/promql/dialect.h
//
// What the scripts are written for: all experimental syntax is on.
#pragma once

#include "promql/parser.h"

namespace bellwether::promqltest {

inline constexpr promql::ParserOptions kAllFeatures = {
    .experimental_functions = true, .extended_range_selectors = true, .binop_fill_modifiers = true};

}  // namespace bellwether::promqltest
