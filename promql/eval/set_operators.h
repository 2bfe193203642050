// promql/eval/set_operators.h
//
// and, or, unless: which elements of two vectors stay. Values and labels are untouched.
#pragma once

#include "promql/eval/operator.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {

// `expr.matching` is set.
[[nodiscard]] VectorOperatorPtr MakeSetOperator(const Binary& expr, const Grid& grid, VectorOperatorPtr lhs,
                                                VectorOperatorPtr rhs);

}  // namespace bellwether::promql
