// promql/functions/function_call.h
//
// A call whose arguments are operators: functions from instant vectors and scalars. (Functions over range vectors have
// a narrower form of their own, range_function.h.)
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "promql/eval/nameless.h"
#include "promql/eval/operator.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {

// Exactly one of the operators is set, or `text` counts.
struct FunctionArgument {
  VectorOperatorPtr vector;
  ScalarOperatorPtr scalar;
  RangeOperatorPtr range;
  std::string text;
  ExprPtr expr;

  [[nodiscard]] PositionRange position() const { return Unwrap(*expr).position; }
};

struct FunctionCall {
  const Expr* expr = nullptr;  // The call; of the plan's tree, which outlives it.
  Grid grid;
  std::vector<FunctionArgument> args;
  PositionRange position;
  // Of timestamp() and start_timestamp(): the argument is a selector, whose cells are the samples' times already.
  bool direct_selector = false;
};

using VectorFunction = base::Status (*)(FunctionCall& call, QueryContext& context, const RowSink& sink);
using ScalarFunction = base::Result<ScalarColumn> (*)(FunctionCall& call, QueryContext& context);

// The float cells of the first argument through `map(step, value)`; histograms and names are dropped.
template <typename Map>
base::Status MapFloats(FunctionCall& call, QueryContext& context, const RowSink& sink, Map map) {
  return ProduceNameless(context, *call.expr, sink, [&](const RowSink& nameless) {
    return call.args[0].vector->Run(context, [&](Row& row) -> base::Status {
      bool any = false;
      for (std::size_t i = 0; i < row.steps(); ++i) {
        if (row.cells[i] == Cell::kFloat) {
          row.values[i] = map(i, row.values[i]);
          any = true;
        } else {
          row.Clear(i);
        }
      }
      row.histograms.clear();
      return any ? nameless(row) : base::OkStatus();
    });
  });
}

}  // namespace bellwether::promql
