#include "storage/chunk/time_range.h"

#include <algorithm>
#include <utility>

#include "storage/chunk/chunk.h"
#include "storage/chunk/float_columns.h"
#include "storage/chunk/histogram_chunk.h"

namespace bellwether::storage::chunk {

std::optional<CutChunk> CutOut(const ChunkView& chunk, std::span<const TimeRange> ranges) {
  Columns all;
  if (!DecodeChunk(chunk.bytes, all)) return std::nullopt;
  Columns left;
  for (std::size_t i = 0; i < all.timestamps.size(); ++i) {
    const base::TimestampMs t = all.timestamps[i];
    if (std::any_of(ranges.begin(), ranges.end(), [&](const TimeRange& range) { return range.Contains(t); })) continue;
    left.timestamps.push_back(t);
    if (!all.values.empty()) left.values.push_back(all.values[i]);
    if (!all.histograms.empty()) left.histograms.push_back(std::move(all.histograms[i]));
    if (!all.start_timestamps.empty()) left.start_timestamps.push_back(all.start_timestamps[i]);
  }
  CutChunk cut;
  if (left.timestamps.empty()) return cut;
  if (left.histograms.empty()) {
    EncodeFloatColumns(left.timestamps, left.values, left.start_timestamps, cut.bytes);
  } else {
    EncodeHistograms(left.timestamps, left.histograms, left.start_timestamps, cut.bytes);
  }
  cut.min = left.timestamps.front();
  cut.max = left.timestamps.back();
  cut.count = static_cast<std::uint32_t>(left.timestamps.size());
  return cut;
}

}  // namespace bellwether::storage::chunk
