// tests/drift/inputs.h
//
// Inputs of cases as what the statistics take: buckets, native histograms, categories.
#pragma once

#include "judge/alignment.h"
#include "judge/kolmogorov_smirnov.h"
#include "metric/histogram.h"
#include "tests/drift/golden.h"

namespace bellwether::golden {

// A classic histogram, by its cumulative counts, as a store holds it.
[[nodiscard]] judge::Distribution ClassicOf(const Json& json);
[[nodiscard]] metric::NativeHistogram NativeOf(const Json& json);
[[nodiscard]] Json JsonOf(const metric::NativeHistogram& h);

// "reference" and "current" of an input, aligned; both empty if there is nothing to align.
[[nodiscard]] judge::AlignedPair PairOf(const Json& input);

[[nodiscard]] Json JsonOf(const judge::Bounds& bounds);

}  // namespace bellwether::golden
