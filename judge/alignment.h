// judge/alignment.h
//
// Two distributions on one set of bins. Statistics that compare shares are exact on bins that both sides have; nothing
// is invented to make them comparable.
//   - equal bounds: as they are;
//   - other bounds: the ones both have, compared as numbers ("1" and "1.0" are one), and what lies between is added up.
//     No shared bound: no result, and not 0;
//   - exponential buckets: the coarser schema and the wider zero bucket of the two (judge/exponential.h);
//   - exponential and other buckets: not comparable.
#pragma once

#include <cstddef>
#include <vector>

#include "judge/distribution.h"

namespace bellwether::judge {

struct AlignedPair {
  std::vector<double> edges;
  std::vector<double> reference;
  std::vector<double> current;
  Spacing spacing = Spacing::kLinear;
};

enum class AlignmentFault : unsigned char { kNone, kNoSharedBound, kMixedForms };

// More bins than these in an f-divergence are noise: its mean without any drift is (bins - 1) / effective size.
inline constexpr std::size_t kDivergenceBinsMax = 20;

// `exponential_bins_max`: reduces the resolution of exponential buckets until no more of them are populated; 0: leaves
// it. `out` keeps its buffers.
[[nodiscard]] AlignmentFault Align(const Distribution& reference, const Distribution& current,
                                   std::size_t exponential_bins_max, AlignedPair& out);

// On the union of both sides' bounds, counts spread evenly within the bins each side has: an estimate, for where shared
// bounds are too few. Both sides have plain bins.
void AlignByInterpolation(const Distribution& reference, const Distribution& current, AlignedPair& out);

}  // namespace bellwether::judge
