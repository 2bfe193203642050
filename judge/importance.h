// judge/importance.h
//
// Whether a model still listens to the same features: two lists of their importance, in one order of features.
#pragma once

#include "judge/divergence.h"

namespace bellwether::judge {

// The features in the order of their current importance (equal ones as they come), judged by their importance in the
// reference: 1 if the order is the ideal one. NaN if the reference is all 0.
[[nodiscard]] double RankingGain(Counts reference, Counts current);

// Spearman's rank correlation, ties at their mean rank. NaN where a side has no two values that differ.
[[nodiscard]] double RankCorrelation(Counts reference, Counts current);

}  // namespace bellwether::judge
