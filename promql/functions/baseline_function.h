// promql/functions/baseline_function.h
//
// baseline(name[, version]): the counts of a stored reference.
#pragma once

#include "promql/functions/function_call.h"

namespace bellwether::promql {

// Without a version, at each step the one promoted then. Nothing stored: no sample, and a warning.
[[nodiscard]] base::Status BaselineFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);

}  // namespace bellwether::promql
