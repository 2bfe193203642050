// promql/eval/unique_rows.h
//
// A vector has each label set once. Operators that change labels may break this; here it is mended: rows of equal
// labels that are never present at the same step become one row, others end the query.
#pragma once

#include "base/status.h"
#include "promql/eval/row.h"

namespace bellwether::promql {

enum class Overlap : unsigned char {
  kAtStep,    // An error if two equal label sets are present at one step.
  kAnywhere,  // An error if two rows have equal label sets at all.
};

// Errors: kExecution, "vector cannot contain metrics with the same labelset".
[[nodiscard]] base::Status MergeEqualRows(Rows& rows, Overlap overlap);

// The end of a query with delayed name removal: rows that are to lose their name lose it, then as above.
[[nodiscard]] base::Status RemoveDelayedNames(Rows& rows);

}  // namespace bellwether::promql
