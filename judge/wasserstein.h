// judge/wasserstein.h
//
// The first Wasserstein distance (how far, on average, observations would have to be moved to turn one distribution
// into the other) in the unit of the values, from aligned bins.
#pragma once

#include <span>

#include "judge/alignment.h"
#include "judge/kolmogorov_smirnov.h"

namespace bellwether::judge {

// With observations spread evenly within each bin, and none moved within an open one. NaN if a side is empty.
[[nodiscard]] double Wasserstein(const AlignedPair& pair);

// With each bin's observations at the value that stands for it.
[[nodiscard]] double WassersteinOfMiddles(const AlignedPair& pair);

// Of observations at ascending points.
[[nodiscard]] double WassersteinAt(std::span<const double> points, Counts reference, Counts current);

// What the distance of the raw data is between. Observations in an open bin may lie anywhere: the upper bound is +Inf.
[[nodiscard]] Bounds WassersteinBounds(const AlignedPair& pair);

// Below this a standard deviation is no scale to divide by: Evidently's convention.
inline constexpr double kScaleMin = 0.001;

}  // namespace bellwether::judge
