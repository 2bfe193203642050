// metric/sample.h
//
// One observation of a series: a time and a float. NaN and the infinities are ordinary values; one NaN pattern is the
// stale marker, which says that the series ended.
#pragma once

#include <bit>
#include <cstdint>

#include "base/time.h"

namespace bellwether::metric {

inline constexpr std::uint64_t kStaleBits = 0x7ff0000000000002ULL;
inline const double kStaleMarker = std::bit_cast<double>(kStaleBits);

[[nodiscard]] constexpr bool IsStaleMarker(double v) { return std::bit_cast<std::uint64_t>(v) == kStaleBits; }

struct Sample {
  base::TimestampMs timestamp;
  double value = 0;
};

}  // namespace bellwether::metric
