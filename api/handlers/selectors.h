// api/handlers/selectors.h
//
// The selectors inside a query: found (exemplars, narrowing of label values) or made stricter (ad hoc filters).
#pragma once

#include <span>
#include <vector>

#include "metric/matcher.h"
#include "promql/parser/ast.h"

namespace bellwether::api {

// The matchers of each vector selector in `expr`, in the order of the text.
[[nodiscard]] std::vector<std::vector<metric::Matcher>> SelectorsOf(const promql::Expr& expr);

// `expr` with `matchers` added to each of its selectors. Shares what does not change.
[[nodiscard]] promql::ExprPtr WithMatchers(const promql::ExprPtr& expr, std::span<const metric::Matcher> matchers);

}  // namespace bellwether::api
