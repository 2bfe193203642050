// promql/histogram/trim.h
//
// Keeping the observations on one side of a value: the operators `</` and `>/`.
#pragma once

#include "metric/histogram.h"

namespace bellwether::promql::histogram {

enum class Keep : unsigned char { kAtOrBelow, kAtOrAbove };

// If nothing is removed, `h` as it is. Otherwise count and sum are estimated anew from what is left, and the result is
// compact. A bucket that contains `bound` is split by interpolation.
[[nodiscard]] metric::NativeHistogram Trim(const metric::NativeHistogram& h, double bound, Keep keep);

}  // namespace bellwether::promql::histogram
