// promql/eval/scalar_operators.h
//
// Operators with a scalar in them: number literals, scalar with scalar, vector with scalar, unary minus.
#pragma once

#include "promql/eval/operator.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {

[[nodiscard]] ScalarOperatorPtr MakeNumber(const Grid& grid, double value);
[[nodiscard]] ScalarOperatorPtr MakeScalarBinary(const Binary& expr, ScalarOperatorPtr lhs, ScalarOperatorPtr rhs);
[[nodiscard]] ScalarOperatorPtr MakeNegatedScalar(ScalarOperatorPtr inner);

// `scalar_left`: the scalar is the left operand.
[[nodiscard]] VectorOperatorPtr MakeVectorScalar(const Binary& expr, VectorOperatorPtr vector, ScalarOperatorPtr scalar,
                                                 bool scalar_left);
[[nodiscard]] VectorOperatorPtr MakeNegatedVector(const Unary& expr, VectorOperatorPtr inner);

}  // namespace bellwether::promql
