// rules/file/label_bound.h
//
// Which labels the result of an expression can have at most, as far as its text shows: `sum by (model) (x)` has `model`
// and nothing else, `x` may have any. Pure.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "promql/parser/ast.h"

namespace bellwether::rules {

// Without __name__; nothing: any labels.
[[nodiscard]] std::optional<std::set<std::string>> LabelsAtMost(const promql::Expr& expr);

}  // namespace bellwether::rules
