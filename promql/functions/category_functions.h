// promql/functions/category_functions.h
//
// Which bins explain a drift: the parts of a PSI, and categories that came or went.
#pragma once

#include "promql/functions/function_call.h"

namespace bellwether::promql {

// drift_contribution(now, ref[, by]): a sample for each bin, its share of the PSI; label `le` (the bin's upper bound)
// or `by`. Categories beyond judge::kCategoriesMax are one, "__other__".
[[nodiscard]] base::Status DriftContributionFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);

// new_categories(now, ref, by): of each category that the reference does not have, its share of `now`; and the reverse.
[[nodiscard]] base::Status NewCategoriesFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status VanishedCategoriesFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);

}  // namespace bellwether::promql
