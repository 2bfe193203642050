// promql/eval/call_operators.h
//
// Function calls as operators: the frame around what the function table binds.
#pragma once

#include <string>

#include "promql/functions/function_table.h"

namespace bellwether::promql {

// `scalars` are the scalar arguments in order; `position` is that of the range vector argument.
struct RangeCallPlan {
  const Expr* expr = nullptr;  // The call; of the plan's tree, which outlives it.
  const RangeFunctionSpec* function = nullptr;
  RangeOperatorPtr range;
  std::vector<ScalarOperatorPtr> scalars;
  std::vector<PositionRange> scalar_positions;
  PositionRange position;
  bool anchored = false;
  bool smoothed = false;
};
[[nodiscard]] VectorOperatorPtr MakeRangeCall(RangeCallPlan plan);

[[nodiscard]] VectorOperatorPtr MakeVectorCall(BoundVectorFunction function, FunctionCall call);
[[nodiscard]] ScalarOperatorPtr MakeScalarCall(ScalarFunction function, FunctionCall call);

}  // namespace bellwether::promql
