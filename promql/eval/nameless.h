// promql/eval/nameless.h
//
// Operators that take the name off their rows: with delayed name removal a flag; otherwise at once, which may make
// label sets equal that were not.
#pragma once

#include <functional>

#include "promql/eval/operator.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {

// Runs `produce` with a sink that takes the name off each row and passes it on, merging what has become equal. `node`:
// whose operator this is.
// Errors: those of `produce`; kExecution when equal label sets meet at a step.
[[nodiscard]] base::Status ProduceNameless(QueryContext& context, const Expr& node, const RowSink& sink,
                                           const std::function<base::Status(const RowSink&)>& produce);

// Passes on rows whose labels were changed: equal label sets are merged, or an error if they meet at a step.
[[nodiscard]] base::Status PushMerged(Rows rows, const RowSink& sink);

}  // namespace bellwether::promql
