// promql/functions/scalars.h
//
// Between scalars and vectors: time(), pi(), start(), scalar(), vector(), timestamp(), ...
#pragma once

#include "promql/functions/function_call.h"

namespace bellwether::promql {

[[nodiscard]] base::Result<ScalarColumn> TimeFunction(FunctionCall& call, QueryContext& context);
[[nodiscard]] base::Result<ScalarColumn> PiFunction(FunctionCall& call, QueryContext& context);
[[nodiscard]] base::Result<ScalarColumn> StartFunction(FunctionCall& call, QueryContext& context);
[[nodiscard]] base::Result<ScalarColumn> EndFunction(FunctionCall& call, QueryContext& context);
[[nodiscard]] base::Result<ScalarColumn> StepFunction(FunctionCall& call, QueryContext& context);
[[nodiscard]] base::Result<ScalarColumn> RangeFunction(FunctionCall& call, QueryContext& context);
[[nodiscard]] base::Result<ScalarColumn> MaxOfFunction(FunctionCall& call, QueryContext& context);
[[nodiscard]] base::Result<ScalarColumn> MinOfFunction(FunctionCall& call, QueryContext& context);
// The value of the only float at a step, else NaN.
[[nodiscard]] base::Result<ScalarColumn> ScalarOfVector(FunctionCall& call, QueryContext& context);

[[nodiscard]] base::Status VectorOfScalar(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status TimestampFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status StartTimestampFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);

// A row of floats without labels.
[[nodiscard]] Row RowOf(const ScalarColumn& column);

}  // namespace bellwether::promql
