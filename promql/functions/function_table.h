// promql/functions/function_table.h
//
// Binds each function name of promql/parser/function_signatures.h to what computes it. Three tables, by the form of the
// implementation; a name is in exactly one of them.
#pragma once

#include <functional>
#include <string_view>

#include "promql/functions/function_call.h"
#include "promql/functions/range_function.h"

namespace bellwether::promql {

// From one range vector (and scalars) to a vector. Null if there is none of this name.
[[nodiscard]] const RangeFunctionSpec* FindRangeFunction(std::string_view name);

using BoundVectorFunction = std::function<base::Status(FunctionCall&, QueryContext&, const RowSink&)>;

// To a vector, or to a scalar. Empty (null) if there is none of this name.
[[nodiscard]] BoundVectorFunction FindVectorFunction(std::string_view name);
[[nodiscard]] ScalarFunction FindScalarFunction(std::string_view name);

// "changes, delta, increase, ...": the functions that take anchored (smoothed) ranges, for messages.
[[nodiscard]] std::string AnchoredFunctionNames();
[[nodiscard]] std::string SmoothedFunctionNames();

}  // namespace bellwether::promql
