// promql/eval/range_selector.h
//
// Sources of windows: a matrix selector reads the storage; a subquery evaluates its inside on a grid of its own and
// offers the cells as samples.
#pragma once

#include "promql/eval/operator.h"
#include "promql/eval/selection.h"

namespace bellwether::promql {

// Stale markers are left out.
[[nodiscard]] RangeOperatorPtr MakeRangeSelector(std::vector<metric::Matcher> matchers, const WindowSpec& window,
                                                 HistogramParts parts);

// `inner` runs on `inner_grid`.
[[nodiscard]] RangeOperatorPtr MakeSubquery(VectorOperatorPtr inner, const Grid& inner_grid, const WindowSpec& window);

// The grid on which a subquery of this range and step evaluates its inside: multiples of the step that cover all
// windows of the parent's grid, left-open. Empty (count 0) if no multiple falls into them.
[[nodiscard]] Grid SubqueryGrid(const WindowSpec& window, base::DurationMs step);

}  // namespace bellwether::promql
