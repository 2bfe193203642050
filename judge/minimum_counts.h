// judge/minimum_counts.h
//
// How many observations a verdict needs. Below, a statistic is mostly chance, and whoever shows it says so.
#pragma once

#include <cstddef>

namespace bellwether::judge {

// n of the reference, m of the current side. PSI and its kin, on so many populated bins.
[[nodiscard]] bool EnoughForDivergence(double n, double m, std::size_t bins);
[[nodiscard]] bool EnoughForKs(double n, double m);
[[nodiscard]] bool EnoughForRanking(double positives, double negatives);
[[nodiscard]] bool EnoughForCalibration(double predictions);

// Fewer populated bins than these lose more than a tenth of a shift.
inline constexpr std::size_t kBinsMin = 5;

}  // namespace bellwether::judge
