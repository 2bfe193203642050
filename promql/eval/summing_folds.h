// promql/eval/summing_folds.h
//
// sum and avg, over floats or histograms. A group that has both at a step has no result there, which is noted.
#pragma once

#include <memory>

#include "promql/eval/folds.h"

namespace bellwether::promql {

[[nodiscard]] std::unique_ptr<Fold> MakeSumFold(std::size_t steps, PositionRange position, QueryContext& context);
[[nodiscard]] std::unique_ptr<Fold> MakeAvgFold(std::size_t steps, PositionRange position, QueryContext& context);

}  // namespace bellwether::promql
