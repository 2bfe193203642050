// promql/eval/operator.h
//
// What a plan is made of. An operator knows its grid and its children from the plan and is run once a query. There are
// three families, by the type of what they yield:
//   - VectorOperator: rows, pushed one after another into a sink, so that a sum over a million series holds one row and
//     its groups; whoever needs all rows at once collects them;
//   - ScalarOperator: a number at each step;
//   - RangeOperator: the samples of one series after another, with the window each step looks at.
// Running needs nothing but the QueryContext; an error ends the query.
//
// The road not taken: pulling vectors step by step, as Prometheus's engine does. Labels and lookups then cost once a
// step instead of once a series.
#pragma once

#include <functional>
#include <memory>

#include "base/status.h"
#include "promql/eval/grid.h"
#include "promql/eval/query_context.h"
#include "promql/eval/row.h"
#include "promql/eval/samples.h"

namespace bellwether::promql {

// Takes a row. It may be moved from; the caller resets it before using it again.
using RowSink = std::function<base::Status(Row& row)>;

class VectorOperator {
 public:
  virtual ~VectorOperator() = default;
  [[nodiscard]] virtual base::Status Run(QueryContext& context, const RowSink& sink) = 0;
};

class ScalarOperator {
 public:
  virtual ~ScalarOperator() = default;
  [[nodiscard]] virtual base::Result<ScalarColumn> Evaluate(QueryContext& context) = 0;
};

// What a range operator yields for each step of `grid`: samples in (end - range, end], end = shift.Apply(step's time).
// An extended selector (anchored, smoothed) yields samples from further out as well, by `before` and `after`.
struct WindowSpec {
  Grid grid;
  TimeShift shift;
  base::DurationMs range;
  base::DurationMs before;
  base::DurationMs after;

  [[nodiscard]] base::TimestampMs EndAt(std::size_t step) const { return shift.Apply(grid.At(step)); }
};

using SeriesSink = std::function<base::Status(SeriesSamples& series)>;

class RangeOperator {
 public:
  explicit RangeOperator(const WindowSpec& window) : window_(window) {}
  virtual ~RangeOperator() = default;
  [[nodiscard]] virtual base::Status Run(QueryContext& context, const SeriesSink& sink) = 0;
  [[nodiscard]] const WindowSpec& window() const { return window_; }
  // Whether the samples come from storage (and count as read) and not from a subquery.
  [[nodiscard]] virtual bool from_storage() const { return true; }

 private:
  const WindowSpec window_;
};

using VectorOperatorPtr = std::unique_ptr<VectorOperator>;
using ScalarOperatorPtr = std::unique_ptr<ScalarOperator>;
using RangeOperatorPtr = std::unique_ptr<RangeOperator>;

// All rows of an operator, and their share of the memory budget.
struct CollectedRows {
  Rows rows;
  BudgetHold hold;
};
[[nodiscard]] base::Result<CollectedRows> Collect(QueryContext& context, VectorOperator& op);

}  // namespace bellwether::promql
