#include "storage/chunk/chunk_merger.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "storage/chunk/chunk.h"
#include "storage/chunk/float_columns.h"
#include "storage/chunk/histogram_chunk.h"
#include "storage/chunk/kind.h"

namespace bellwether::storage::chunk {
namespace {

constexpr std::size_t kKept = std::numeric_limits<std::size_t>::max();  // The bytes stay where they were.

bool HoldsHistograms(const ChunkView& view) {
  return !view.bytes.empty() && static_cast<Kind>(view.bytes[0]) == Kind::kHistograms;
}

// Not worth being written anew.
bool IsLarge(const ChunkView& view) {
  return view.count >= (HoldsHistograms(view) ? kMergedHistogramsMax : kMergedFloatsMax) / 2;
}

bool FollowEachOther(std::span<const ChunkView> chunks) {
  return std::adjacent_find(chunks.begin(), chunks.end(),
                            [](const ChunkView& a, const ChunkView& b) { return a.max >= b.min; }) == chunks.end();
}

bool IsDeleted(base::TimestampMs t, std::span<const TimeInterval> deleted) {
  return std::any_of(deleted.begin(), deleted.end(),
                     [&](const TimeInterval& interval) { return interval.min <= t && t <= interval.max; });
}

template <typename T>
void MoveTo(std::vector<T>& from, std::vector<T>& to) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

base::Status ChunkMerger::Merge(std::span<const ChunkView> chunks, std::span<const TimeInterval> deleted) {
  pending_.Clear();
  bytes_.clear();
  merged_.clear();
  ends_.clear();
  if (deleted.empty() && FollowEachOther(chunks)) {
    for (const ChunkView& view : chunks) BW_RETURN_IF_ERROR(AppendInOrder(view));
  } else {
    BW_RETURN_IF_ERROR(AppendMerged(chunks, deleted));
  }
  Flush();
  std::size_t begin = 0;
  for (std::size_t i = 0; i < merged_.size(); ++i) {
    if (ends_[i] == kKept) continue;
    merged_[i].bytes = std::string_view(bytes_).substr(begin, ends_[i] - begin);
    begin = ends_[i];
  }
  return base::OkStatus();
}

base::Status ChunkMerger::AppendInOrder(const ChunkView& view) {
  if (IsLarge(view)) {
    Flush();
    merged_.push_back(view);
    ends_.push_back(kKept);
    return base::OkStatus();
  }
  decoded_.Clear();
  if (!DecodeChunk(view.bytes, decoded_) || decoded_.timestamps.size() != view.count) {
    return base::Corruption("merge chunks: one of them is malformed");
  }
  AppendPending(decoded_);
  return base::OkStatus();
}

base::Status ChunkMerger::AppendMerged(std::span<const ChunkView> chunks, std::span<const TimeInterval> deleted) {
  cursor_.Reset(chunks, base::TimestampMs::Min(), base::TimestampMs::Max(), MergedCursor::Hints::kAsStored);
  SampleBatch batch;
  while (cursor_.Next(batch)) {
    decoded_.Clear();
    for (std::size_t i = 0; i < batch.timestamps.size(); ++i) {
      if (!IsDeleted(batch.timestamps[i], deleted)) AppendSample(batch, i);
    }
    AppendPending(decoded_);
  }
  return cursor_.status();
}

void ChunkMerger::AppendSample(const SampleBatch& batch, std::size_t i) {
  decoded_.timestamps.push_back(batch.timestamps[i]);
  if (!batch.start_timestamps.empty()) decoded_.start_timestamps.push_back(batch.start_timestamps[i]);
  if (batch.histograms.empty()) {
    decoded_.values.push_back(batch.values[i]);
  } else {
    decoded_.histograms.push_back(*batch.histograms[i]);
  }
}

// A chunk holds floats or histograms, never both.
void ChunkMerger::AppendPending(Columns& from) {
  if (from.timestamps.empty()) return;
  if (!pending_.timestamps.empty() && pending_.values.empty() != from.values.empty()) Flush();
  from.start_timestamps.resize(from.timestamps.size());
  MoveTo(from.timestamps, pending_.timestamps);
  MoveTo(from.values, pending_.values);
  MoveTo(from.histograms, pending_.histograms);
  MoveTo(from.start_timestamps, pending_.start_timestamps);
}

// Writes what is pending as chunks of about equal size, so that none is left small.
void ChunkMerger::Flush() {
  const std::size_t total = pending_.timestamps.size();
  const bool floats = pending_.histograms.empty();
  const std::size_t most = floats ? kMergedFloatsMax : kMergedHistogramsMax;
  const std::size_t pieces = (total + most - 1) / most;
  for (std::size_t piece = 0; piece < pieces; ++piece) {
    const std::size_t begin = total * piece / pieces;
    const std::size_t count = total * (piece + 1) / pieces - begin;
    const auto times = std::span(pending_.timestamps).subspan(begin, count);
    const auto starts = std::span(pending_.start_timestamps).subspan(begin, count);
    if (floats) {
      EncodeFloatColumns(times, std::span(pending_.values).subspan(begin, count), starts, bytes_, Effort::kSmall);
    } else {
      EncodeHistograms(times, std::span(pending_.histograms).subspan(begin, count), starts, bytes_);
    }
    merged_.push_back({{}, times.front(), times.back(), static_cast<std::uint32_t>(count)});
    ends_.push_back(bytes_.size());
  }
  pending_.Clear();
}

}  // namespace bellwether::storage::chunk
