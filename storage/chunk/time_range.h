// storage/chunk/time_range.h
//
// A range of time of which nothing is to be seen, and a chunk without the samples in such ranges: how deletion is done
// to what is already encoded.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/time.h"
#include "storage/chunk/chunk_view.h"

namespace bellwether::storage::chunk {

struct TimeRange {
  base::TimestampMs min;  // Both inclusive.
  base::TimestampMs max;

  [[nodiscard]] constexpr bool Contains(base::TimestampMs t) const { return min <= t && t <= max; }
  [[nodiscard]] constexpr bool Overlaps(base::TimestampMs other_min, base::TimestampMs other_max) const {
    return min <= other_max && other_min <= max;
  }
  [[nodiscard]] constexpr bool Covers(base::TimestampMs other_min, base::TimestampMs other_max) const {
    return min <= other_min && other_max <= max;
  }
  friend auto operator<=>(const TimeRange&, const TimeRange&) = default;
};

// A chunk that owns its bytes; count 0: there is none.
struct CutChunk {
  std::string bytes;
  base::TimestampMs min;
  base::TimestampMs max;
  std::uint32_t count = 0;

  [[nodiscard]] ChunkView view() const { return {bytes, min, max, count}; }
};

// What is left of `chunk` outside all ranges. Nothing on bytes that are no chunk.
[[nodiscard]] std::optional<CutChunk> CutOut(const ChunkView& chunk, std::span<const TimeRange> ranges);

}  // namespace bellwether::storage::chunk
