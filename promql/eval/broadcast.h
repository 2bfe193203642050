// promql/eval/broadcast.h
//
// What does not depend on the step is evaluated once, on a grid of one step, and repeated.
#pragma once

#include "promql/eval/operator.h"

namespace bellwether::promql {

[[nodiscard]] VectorOperatorPtr MakeBroadcast(VectorOperatorPtr once, std::size_t steps);
[[nodiscard]] ScalarOperatorPtr MakeBroadcast(ScalarOperatorPtr once, std::size_t steps);

}  // namespace bellwether::promql
