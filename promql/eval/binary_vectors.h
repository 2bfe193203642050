// promql/eval/binary_vectors.h
//
// Arithmetic and comparison between two vectors, one-to-one or many-to-one, with fill values.
#pragma once

#include "promql/eval/operator.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {

// `expr.matching` is set, `expr.op` is no set operator.
[[nodiscard]] VectorOperatorPtr MakeBinaryVectors(const Binary& expr, const Grid& grid, VectorOperatorPtr lhs,
                                                  VectorOperatorPtr rhs);

}  // namespace bellwether::promql
