// promql/functions/math.h
//
// Functions of one float: the C library's, rounding, clamping.
#pragma once

#include "promql/functions/function_call.h"

namespace bellwether::promql {

// The function of this name that maps a float to a float ("abs", "ln", ...); null if there is none.
using FloatMap = double (*)(double);
[[nodiscard]] FloatMap FindFloatMap(std::string_view name);

[[nodiscard]] base::Status RoundFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status ClampFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status ClampMinFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status ClampMaxFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);

// As Go's math.Max and math.Min: NaN if either is, unless the other is the winning infinity.
[[nodiscard]] double MaxOf(double a, double b);
[[nodiscard]] double MinOf(double a, double b);

}  // namespace bellwether::promql
