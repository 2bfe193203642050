// promql/functions/label_functions.h
//
// Functions that rewrite labels, whatever the values: label_replace, label_join.
#pragma once

#include <string_view>

#include "promql/functions/function_call.h"

namespace bellwether::promql {

// Errors: kExecution for a malformed expression or label name, or when equal label sets meet at a step.
[[nodiscard]] base::Status LabelReplaceFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);
[[nodiscard]] base::Status LabelJoinFunction(FunctionCall& call, QueryContext& context, const RowSink& sink);

// Any non-empty valid UTF-8 is a label name.
[[nodiscard]] bool IsLabelName(std::string_view name);

}  // namespace bellwether::promql
