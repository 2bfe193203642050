#include "promql/functions/scalars.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "promql/functions/math.h"

namespace bellwether::promql {
namespace {

ScalarColumn ConstantColumn(const FunctionCall& call, double value) { return ScalarColumn(call.grid.count, value); }

base::Result<ScalarColumn> FoldScalars(FunctionCall& call, QueryContext& context, double (*fold)(double, double)) {
  BW_ASSIGN_OR_RETURN(ScalarColumn a, call.args[0].scalar->Evaluate(context));
  BW_ASSIGN_OR_RETURN(const ScalarColumn b, call.args[1].scalar->Evaluate(context));
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = fold(a[i], b[i]);
  return a;
}

}  // namespace

base::Result<ScalarColumn> TimeFunction(FunctionCall& call, QueryContext&) {
  ScalarColumn out(call.grid.count);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = call.grid.At(i).seconds();
  return out;
}

base::Result<ScalarColumn> PiFunction(FunctionCall& call, QueryContext&) {
  return ConstantColumn(call, std::numbers::pi);
}
base::Result<ScalarColumn> StartFunction(FunctionCall& call, QueryContext& context) {
  return ConstantColumn(call, context.span.start.seconds());
}
base::Result<ScalarColumn> EndFunction(FunctionCall& call, QueryContext& context) {
  return ConstantColumn(call, context.span.end.seconds());
}
base::Result<ScalarColumn> StepFunction(FunctionCall& call, QueryContext& context) {
  return ConstantColumn(call, context.span.start == context.span.end ? 0 : context.span.step.seconds());
}
base::Result<ScalarColumn> RangeFunction(FunctionCall& call, QueryContext& context) {
  return ConstantColumn(call, (context.span.end - context.span.start).seconds());
}
base::Result<ScalarColumn> MaxOfFunction(FunctionCall& call, QueryContext& context) {
  return FoldScalars(call, context, &MaxOf);
}
base::Result<ScalarColumn> MinOfFunction(FunctionCall& call, QueryContext& context) {
  return FoldScalars(call, context, &MinOf);
}

base::Result<ScalarColumn> ScalarOfVector(FunctionCall& call, QueryContext& context) {
  ScalarColumn out(call.grid.count, std::numeric_limits<double>::quiet_NaN());
  std::vector<unsigned char> seen(call.grid.count);
  const base::Status status = call.args[0].vector->Run(context, [&](Row& row) {
    for (std::size_t i = 0; i < row.steps(); ++i) {
      if (row.cells[i] != Cell::kFloat) continue;
      out[i] = seen[i] == 0 ? row.values[i] : std::numeric_limits<double>::quiet_NaN();
      seen[i] = 1;
    }
    return base::OkStatus();
  });
  if (!status.ok()) return status;
  return out;
}

Row RowOf(const ScalarColumn& column) {
  Row row(column.size());
  for (std::size_t i = 0; i < column.size(); ++i) row.SetFloat(i, column[i]);
  return row;
}

base::Status VectorOfScalar(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  BW_ASSIGN_OR_RETURN(const ScalarColumn column, call.args[0].scalar->Evaluate(context));
  Row row = RowOf(column);
  return sink(row);
}

base::Status TimestampFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  return ProduceNameless(context, *call.expr, sink, [&](const RowSink& nameless) {
    return call.args[0].vector->Run(context, [&](Row& row) -> base::Status {
      if (!call.direct_selector) {
        for (std::size_t i = 0; i < row.steps(); ++i) {
          if (row.Present(i)) row.SetFloat(i, call.grid.At(i).seconds());
        }
        row.histograms.clear();
      }
      return nameless(row);
    });
  });
}

base::Status StartTimestampFunction(FunctionCall& call, QueryContext& context, const RowSink& sink) {
  if (!call.direct_selector || !context.flags.use_start_timestamps) {
    return call.args[0].vector->Run(context, [](Row&) { return base::OkStatus(); });
  }
  return ProduceNameless(context, *call.expr, sink,
                         [&](const RowSink& nameless) { return call.args[0].vector->Run(context, nameless); });
}

}  // namespace bellwether::promql
