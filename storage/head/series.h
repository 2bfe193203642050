// storage/head/series.h
//
// The samples of one series in the head: the newest one, the chunk that grows, those that are closed, and what came
// late. 64 bytes for a series of floats in order; the rest only for those that have it. Owned by a shard and used under
// its mutex.
//
// Order of writing, which readers need where times collide: the closed chunks, the open chunk, then late chunks, the
// late run, late samples. That a sample in order is never written after a late one of the same time follows from the
// order policy.
#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "metric/histogram.h"
#include "storage/chunk/chunk_view.h"
#include "storage/chunk/float_stream.h"
#include "storage/chunk/histogram_chunk.h"
#include "storage/chunk/time_range.h"
#include "storage/head/head_chunk.h"
#include "storage/head/order_policy.h"
#include "storage/head/snapshot_format.h"
#include "storage/head/window.h"

namespace bellwether::storage::head {

struct LateSample {
  base::TimestampMs t;
  double value = 0;
  base::TimestampMs start;
  std::unique_ptr<const metric::NativeHistogram> histogram;  // Null: a float.
};

struct DeleteStream {
  void operator()(chunk::FloatStream* stream) const { chunk::FloatStream::Delete(stream); }
};

// What most series do not have.
struct SeriesExtras {
  chunk::HistogramStream histograms;         // The open chunk of a histogram series.
  metric::NativeHistogram newest_histogram;  // If the newest sample is one.
  // Late floats of one window that came in order of time, as back-fill brings them: compressed, unlike `late`.
  std::unique_ptr<chunk::FloatStream, DeleteStream> late_run;
  std::vector<LateSample> late;  // The others, by time, each once.
};

// How many chunks and late samples each window has, in one shard.
class WindowCounts {
 public:
  explicit WindowCounts(base::DurationMs length) : length_(length) {}

  void Add(base::TimestampMs t, std::int64_t n);
  [[nodiscard]] WindowId WindowAt(base::TimestampMs t) const { return WindowOf(t, length_); }
  [[nodiscard]] base::TimestampMs EndAt(base::TimestampMs t) const { return WindowEnd(WindowAt(t), length_); }
  [[nodiscard]] const std::vector<std::pair<WindowId, std::int64_t>>& counts() const { return counts_; }

 private:
  const base::DurationMs length_;
  std::vector<std::pair<WindowId, std::int64_t>> counts_;  // Few; ascending, none zero.
};

struct SeriesLimits {
  std::size_t chunk_samples_max = 240;
};

// Chunks of one series that outlive the shard's lock: references to closed ones, copies of what still grows.
class SeriesSnapshot {
 public:
  void Clear();
  void AddClosed(HeadChunk* chunk);
  // Where a copy is to be appended; then say what it holds.
  [[nodiscard]] std::string& BeginCopy();
  void EndCopy(base::TimestampMs min, base::TimestampMs max, std::size_t count);

  [[nodiscard]] bool empty() const { return pieces_.empty(); }
  // In the order in which they were added; good until the next change.
  [[nodiscard]] std::span<const chunk::ChunkView> Views();

 private:
  struct Piece {
    std::optional<ChunkRef> closed;
    std::size_t begin = 0;  // In copies_, if not closed.
    chunk::ChunkView view;
  };
  std::vector<Piece> pieces_;
  std::string copies_;
  std::size_t copy_begin_ = 0;
  std::vector<chunk::ChunkView> views_;
};

class Series {
 public:
  Series() = default;
  ~Series();
  Series(const Series&) = delete;
  Series& operator=(const Series&) = delete;

  // Becomes the series of a slot.
  void Begin(std::uint16_t new_generation);
  // Gives back the room that its open chunk has for more floats. The next one opens the chunk again.
  void Rest();
  // Ceases to be one; it has no samples.
  void FreeMemory();

  void AppendInOrder(base::TimestampMs t, double value, base::TimestampMs start, const SeriesLimits& limits,
                     WindowCounts& windows) {
    if (open_ == nullptr || open_->count() == 0 || t >= open_end_ || open_->count() >= limits.chunk_samples_max) {
      BeginChunk(t, value, start, limits, windows);
    } else {
      open_ = chunk::FloatStream::Append(open_, t, value, start);
    }
    newest_ = t;
    newest_bits_ = std::bit_cast<std::uint64_t>(value);
    newest_is_histogram_ = false;
  }
  void AppendInOrder(base::TimestampMs t, const metric::NativeHistogram& h, base::TimestampMs start,
                     const SeriesLimits& limits, WindowCounts& windows);
  // Out of order. A second one of the same time is forgotten, now or when it is read.
  void AppendLate(base::TimestampMs t, double value, base::TimestampMs start, const SeriesLimits& limits,
                  WindowCounts& windows);
  void AppendLate(LateSample sample, const SeriesLimits& limits, WindowCounts& windows);

  // The newest sample, if it is newer than what is here, without storing it.
  void RestoreNewest(base::TimestampMs t, double value);
  void RestoreNewest(base::TimestampMs t, const metric::NativeHistogram& h);

  [[nodiscard]] base::TimestampMs newest() const { return newest_; }
  [[nodiscard]] bool NewestIs(double value) const {
    return !newest_is_histogram_ && newest_bits_ == std::bit_cast<std::uint64_t>(value);
  }
  [[nodiscard]] bool NewestIs(const metric::NativeHistogram& h) const {
    return newest_is_histogram_ && extras_->newest_histogram == h;
  }
  [[nodiscard]] double newest_value() const { return std::bit_cast<double>(newest_bits_); }
  // It is a float that the open chunk ends with, not one that is known but sealed, deleted or gone.
  [[nodiscard]] bool NewestIsAtHand() const {
    return open_ != nullptr && open_->count() > 0 && open_->max() == newest_ && !newest_is_histogram_;
  }

  // What is known of the newest sample without reading a chunk.
  struct Newest {
    base::TimestampMs t = kNoSample;
    double value = 0;          // The rest only if at_hand.
    base::TimestampMs start;   // 0: not known.
    base::TimestampMs before;  // Of the sample before it; its own time where that is not known.
    bool at_hand = false;
    bool in_order = false;  // All samples in memory are floats that came in order.
  };
  [[nodiscard]] Newest NewestAtHand() const;

  [[nodiscard]] bool HasOpenFloats() const { return open_ != nullptr; }
  [[nodiscard]] bool HasSamples() const;
  [[nodiscard]] bool Overlaps(base::TimestampMs min, base::TimestampMs max) const;

  // False if all samples are floats that came in order.
  [[nodiscard]] bool MayHaveHistograms() const { return extras_ != nullptr; }

  // Adds what a reader of [min, max] takes along.
  void Read(base::TimestampMs min, base::TimestampMs max, SeriesSnapshot& snapshot) const;

  // Closes everything in [min, max], a window, into chunks that follow one another, marks them and adds
  // them to the snapshot.
  void TakeWindow(base::TimestampMs min, base::TimestampMs max, const SeriesLimits& limits, WindowCounts& windows,
                  SeriesSnapshot& snapshot);
  // Takes the marks off again.
  void Untake(base::TimestampMs min, base::TimestampMs max);
  // Forgets marked chunks in [min, max].
  void DropTaken(base::TimestampMs min, base::TimestampMs max, WindowCounts& windows);
  // Forgets the samples in the range, marked or not; says whether any could be. What is left says what is newest now.
  bool Delete(const chunk::TimeRange& range, WindowCounts& windows);

  // Appends the newest sample and all chunks, in the form of snapshot_format.h; nothing for a series that never had a
  // sample. Leaves out marked chunks of the windows `handed_over`.
  void Save(const WindowCounts& windows, std::span<const WindowId> handed_over, std::string& out) const;
  // The newest sample alone.
  void SaveNewest(std::string& out) const;
  // Of an empty series: becomes what was saved, but for chunks of windows that are sealed.
  // Returns how many chunks it has.
  std::uint64_t Restore(SavedSeries& saved, const std::function<bool(WindowId)>& is_sealed, WindowCounts& windows);

  void AddStats(std::uint64_t& chunks, std::optional<base::TimestampMs>& min,
                std::optional<base::TimestampMs>& max) const;
  // Beyond sizeof.
  [[nodiscard]] std::size_t heap_bytes() const;
  void Prefetch() const {
    if (open_ != nullptr) __builtin_prefetch(open_, 1);
    if (open_ != nullptr) __builtin_prefetch(reinterpret_cast<const char*>(open_) + 64, 1);
  }

  void PrefetchTail() const {
    if (open_ != nullptr) __builtin_prefetch(open_->tail(), 1);
  }

  std::uint32_t defined_in = 0;  // The journal segment that has the labels; 0: none yet.
  std::uint16_t generation = 0;
  bool detached = false;         // Found by nobody any more, see SeriesTable.
  std::uint32_t detachings = 0;  // So often; tells one detaching from a later one.

 private:
  void BeginChunk(base::TimestampMs t, double value, base::TimestampMs start, const SeriesLimits& limits,
                  WindowCounts& windows);
  bool ReopenChunk(base::TimestampMs t, const SeriesLimits& limits, WindowCounts& windows);
  void CloseStreams(base::TimestampMs min, base::TimestampMs max);
  [[nodiscard]] HeadChunk** NewestInOrder();
  void CloseFloats();
  void CloseHistograms();
  [[nodiscard]] chunk::FloatStream* LateRun() const;
  void CloseLateRun();
  void CloseLate(WindowCounts& windows);
  void PushClosed(HeadChunk* chunk);
  void CopyLate(base::TimestampMs min, base::TimestampMs max, SeriesSnapshot& snapshot) const;
  [[nodiscard]] bool HasLateSamples(base::TimestampMs min, base::TimestampMs max) const;
  [[nodiscard]] std::vector<HeadChunk*> ClosedWithin(base::TimestampMs min, base::TimestampMs max) const;
  void MergeLate(base::TimestampMs min, base::TimestampMs max, const SeriesLimits& limits, WindowCounts& windows);
  void FindNewest();
  std::size_t RemoveClosed(base::TimestampMs min, base::TimestampMs max, bool only_taken);
  SeriesExtras& Extras();

  bool newest_is_histogram_ = false;
  base::TimestampMs newest_ = kNoSample;
  std::uint64_t newest_bits_ = 0;
  base::TimestampMs open_end_;  // End of the open chunk's window.
  chunk::FloatStream* open_ = nullptr;
  HeadChunk* closed_ = nullptr;  // Newest first.
  std::unique_ptr<SeriesExtras> extras_;
};
static_assert(sizeof(Series) <= 64);

}  // namespace bellwether::storage::head
