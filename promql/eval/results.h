// promql/eval/results.h
//
// From what the root of a plan yields to the value of the query.
#pragma once

#include "promql/engine.h"
#include "promql/eval/operator.h"

namespace bellwether::promql {

// Of memory.
[[nodiscard]] std::uint64_t BytesOf(const Value& value);
[[nodiscard]] std::uint64_t BytesOf(const MatrixSeries& series);
// What the matrix of these rows will take.
[[nodiscard]] std::uint64_t PointBytesOf(const Rows& rows);

// The cells of an instant query's only step, in the order of the rows.
[[nodiscard]] Vector ToVector(Rows rows, base::TimestampMs at);

// Series by label set.
[[nodiscard]] Matrix ToMatrix(Rows rows, const Grid& grid);

// A range vector itself: the samples of the only window of each series, at their own times. Anchored and smoothed
// ranges get points at exactly both ends. Errors: those of running it; kExecution for histograms in such a range.
struct RangeResultSpec {
  bool anchored = false;
  bool smoothed = false;
};
[[nodiscard]] base::Result<Matrix> CollectRange(QueryContext& context, RangeOperator& range,
                                                const RangeResultSpec& spec);

}  // namespace bellwether::promql
