// promql/functions/sort.h
//
// sort and sort_by_label: the order of an instant vector. In a range query series come by label set whatever one does,
// which is noted.
#pragma once

#include "promql/functions/function_call.h"

namespace bellwether::promql {

[[nodiscard]] base::Status SortFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status SortDescFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status SortByLabelFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status SortByLabelDescFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);

// Natural order: runs of digits compare as numbers, the rest bytewise.
[[nodiscard]] bool NaturalLess(std::string_view a, std::string_view b);

}  // namespace bellwether::promql
