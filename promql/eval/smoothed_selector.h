// promql/eval/smoothed_selector.h
//
// `selector smoothed`: at each step the value on the line between the samples around it, within the lookback on either
// side; the sample itself if there is one at that very time; the last known one if none follows.
#pragma once

#include "promql/eval/instant_selector.h"

namespace bellwether::promql {

[[nodiscard]] VectorOperatorPtr MakeSmoothedSelector(InstantSelectorSpec spec, PositionRange position);

}  // namespace bellwether::promql
