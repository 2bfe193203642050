// promql/functions/absent.h
//
// absent and absent_over_time: 1 at the steps at which nothing is there.
#pragma once

#include "promql/functions/function_call.h"

namespace bellwether::promql {

[[nodiscard]] base::Status AbsentFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status AbsentOverTimeFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);

// What the missing series would be called: the labels that a plain selector demands to be equal to something, each
// named once.
[[nodiscard]] metric::Labels LabelsOfAbsent(const Expr& selector);

}  // namespace bellwether::promql
