// storage/chunk/chunk_merger.h
//
// The chunks of a series as fewer, larger ones, to be kept: a large chunk has its headers once, and enough samples for
// the encodings that small ones cannot afford. What is large already and in order stays as it is, byte for byte, so
// that merging a merged window again costs next to nothing.
//
// One thread. Keep it from series to series: it keeps its memory.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/chunk/chunk_view.h"
#include "storage/chunk/columns.h"
#include "storage/chunk/merged_cursor.h"

namespace bellwether::storage::chunk {

inline constexpr std::size_t kMergedFloatsMax = 2048;  // Samples of a merged chunk.
inline constexpr std::size_t kMergedHistogramsMax = 256;

struct TimeInterval {
  base::TimestampMs min;  // Both inclusive.
  base::TimestampMs max;
};

class ChunkMerger {
 public:
  // Of samples at one time the one in the chunk named first is kept; samples in `deleted` (any order) are left out.
  // Errors: kCorruption for bytes that are no chunk.
  [[nodiscard]] base::Status Merge(std::span<const ChunkView> chunks, std::span<const TimeInterval> deleted);

  // In order of time, not overlapping; none if everything was deleted. Good until the next Merge, and as long as the
  // bytes that were handed in.
  [[nodiscard]] std::span<const ChunkView> merged() const { return merged_; }

 private:
  [[nodiscard]] base::Status AppendInOrder(const ChunkView& view);
  [[nodiscard]] base::Status AppendMerged(std::span<const ChunkView> chunks, std::span<const TimeInterval> deleted);
  void AppendSample(const SampleBatch& batch, std::size_t i);
  void AppendPending(Columns& from);
  void Flush();

  Columns decoded_;
  Columns pending_;  // Start times always as long as the rest.
  MergedCursor cursor_;
  std::string bytes_;              // Of the new chunks.
  std::vector<ChunkView> merged_;  // Views of new chunks are set when bytes_ stands still.
  std::vector<std::size_t> ends_;  // In bytes_, of new chunks; kKept for others.
};

}  // namespace bellwether::storage::chunk
