// promql/plan/planner.h
//
// From syntax tree to operators, once a query: durations are resolved, @ start() and @ end() replaced, each node gets
// the grid it is evaluated on, step-invariant parts a grid of one step, and the times that any selector may touch are
// added up.
//
// The plan refers to the tree, which must outlive it.
#pragma once

#include <string>
#include <variant>

#include "base/status.h"
#include "promql/eval/operator.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {

struct PlanOptions {
  QuerySpan span;  // Step 0: an instant query.
  base::DurationMs lookback;
  base::DurationMs default_subquery_step;
  QueryProfile* profile = nullptr;       // If set, told of the operators; they measure themselves then.
  const PartsOfQuery* shared = nullptr;  // If set, and not `profile`, these are evaluated once for all that have them.
};

struct Plan {
  std::variant<VectorOperatorPtr, ScalarOperatorPtr, RangeOperatorPtr, std::string> root;  // A string: a literal.
  Grid grid;
  base::TimestampMs min = base::TimestampMs::Max();  // What storage may be asked for; min > max: nothing.
  base::TimestampMs max = base::TimestampMs::Min();
};

// Errors: kInvalidArgument (durations), kExecution (anchored or smoothed under a function that does not take them).
[[nodiscard]] base::Result<Plan> MakePlan(const Expr& expr, const PlanOptions& options);

}  // namespace bellwether::promql
