// judge/multiple_testing.h
//
// Many tests at once: of 100 features without drift five have p below 0.05. Adjusted p-values may be held against one
// threshold again.
#pragma once

#include <span>
#include <vector>

namespace bellwether::judge {

enum class Adjustment : unsigned char {
  kBonferroni,
  kHolm,               // Bounds the chance of any false alarm, like Bonferroni and never weaker.
  kBenjaminiHochberg,  // Bounds the share of false alarms among alarms; for features that vary together. The default.
  kBenjaminiYekutieli  // The same whatever the dependence.
};

// NaN stays NaN and does not count as a test.
[[nodiscard]] std::vector<double> AdjustPValues(std::span<const double> p, Adjustment adjustment);

}  // namespace bellwether::judge
