// storage/chunk/columns.h
//
// Decoded samples: floats or histograms, as columns of equal length. Kept and filled again, so that decoding does not
// allocate once the columns have grown.
#pragma once

#include <cstddef>
#include <vector>

#include "base/time.h"
#include "metric/histogram.h"

namespace bellwether::storage::chunk {

// More samples than any chunk has; a decoder refuses bytes that claim more.
inline constexpr std::size_t kMaxChunkSamples = 1u << 16;

struct Columns {
  std::vector<base::TimestampMs> timestamps;
  std::vector<double> values;                       // Empty for histograms.
  std::vector<metric::NativeHistogram> histograms;  // Empty for floats.
  std::vector<base::TimestampMs> start_timestamps;  // Empty: none is known.

  void Clear() {
    timestamps.clear();
    values.clear();
    histograms.clear();
    start_timestamps.clear();
  }
};

}  // namespace bellwether::storage::chunk
