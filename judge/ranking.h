// judge/ranking.h
//
// How well a score ranks positives above negatives, from one score histogram per actual class, on the same bins. Order
// within a bin is unknown: it counts as a tie, and the bounds say what any order would give.
#pragma once

#include <utility>
#include <vector>

#include "judge/distribution.h"
#include "judge/divergence.h"

namespace bellwether::judge {

struct BoundedValue {
  double value = kUnknown;
  double lower = kUnknown;
  double upper = kUnknown;
};

// The area under the ROC curve. NaN without positives or negatives.
[[nodiscard]] BoundedValue AreaUnderCurve(Counts positives, Counts negatives);

// Average precision. NaN without positives.
[[nodiscard]] BoundedValue AveragePrecision(Counts positives, Counts negatives);

struct RocPoint {
  double false_positive_rate = 0;
  double true_positive_rate = 0;
};
// With a threshold at the upper edge of each bin, ascending: exact.
[[nodiscard]] std::vector<RocPoint> RocCurve(Counts positives, Counts negatives);

}  // namespace bellwether::judge
