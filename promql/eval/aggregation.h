// promql/eval/aggregation.h
//
// The aggregation operators, each made from its node, its input and (where it takes one) its parameter.
#pragma once

#include <string>

#include "promql/eval/operator.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {

// sum, avg, count, group, min, max, stddev, stdvar: one row is folded after another, none is kept.
[[nodiscard]] VectorOperatorPtr MakeFoldingAggregate(const Aggregate& expr, const Grid& grid, VectorOperatorPtr input);

[[nodiscard]] VectorOperatorPtr MakeQuantileAggregate(const Aggregate& expr, const Grid& grid, VectorOperatorPtr input,
                                                      ScalarOperatorPtr quantile);

// topk, bottomk.
[[nodiscard]] VectorOperatorPtr MakeTopAggregate(const Aggregate& expr, const Grid& grid, VectorOperatorPtr input,
                                                 ScalarOperatorPtr k);

// limitk, limit_ratio.
[[nodiscard]] VectorOperatorPtr MakeLimitAggregate(const Aggregate& expr, const Grid& grid, VectorOperatorPtr input,
                                                   ScalarOperatorPtr limit);

[[nodiscard]] VectorOperatorPtr MakeCountValues(const Aggregate& expr, const Grid& grid, VectorOperatorPtr input,
                                                std::string label);

}  // namespace bellwether::promql
