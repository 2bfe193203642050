// promql/functions/histogram_rate.h
//
// The rate family on native histograms. A null result means none; the reason stands in the annotations.
#pragma once

#include <cstddef>
#include <utility>

#include "promql/functions/range_function.h"

namespace bellwether::promql {

enum class RateKind : unsigned char { kRate, kIncrease, kDelta };

[[nodiscard]] HistogramPtr HistogramRate(const RangeCall& call, const SeriesSamples& series, const Window& w,
                                         RateKind kind);

// From the two samples at these indices, `seconds` apart; `anew`: start timestamps tell of a reset between them.
[[nodiscard]] HistogramPtr InstantHistogramRate(const RangeCall& call, const SeriesSamples& series,
                                                std::pair<std::size_t, std::size_t> indices, bool anew, bool is_rate,
                                                double seconds);

}  // namespace bellwether::promql
