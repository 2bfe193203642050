// storage/head/snapshot_format.h
//
// What a snapshot of the head says of its series: batches of label sets, and of samples beside them. Grammar and a
// worked example: docs/formats/snapshot.md. How batches stand in a file, and when one is written, is for storage/rocks.
//
// Labels are numbered as they are first met: strings, then pairs of them, so that a label costs a series one byte in
// the usual case and the reader makes each posting list once.
//
//   labels  := strings:varint bytes* pairs:varint (name:varint value:varint)* series:varint labelset*
//   labelset:= n:varint (pair:zigzag)*         differences to the pair at the same place of the series before
//   samples := first:varint series:varint (ref:zigzag)* saved*        a ref and a saved each; refs as differences
//   saved   := newest:zigzag kind:u8 (value:u64 | histogram:bytes) n:varint chunk*          kind 0: float, 1: histogram
//   chunk   := (count << 1 | late):varint (newest - min):zigzag (max - min):varint bytes
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/histogram.h"
#include "storage/chunk/chunk_view.h"
#include "storage/index/label_index.h"
#include "storage/storage.h"

namespace bellwether::storage::head {

// How much a snapshot holds, or held before some batch.
struct SnapshotTotals {
  std::uint64_t strings = 0;
  std::uint64_t pairs = 0;
  std::uint64_t series = 0;
  friend bool operator==(const SnapshotTotals&, const SnapshotTotals&) = default;
};

// ---- Labels

// Writes label sets given as ids of a dictionary whose strings do not change meanwhile.
class SnapshotLabelsEncoder {
 public:
  explicit SnapshotLabelsEncoder(std::function<std::string_view(index::StringId)> text_of)
      : text_of_(std::move(text_of)) {}

  void AddSeries(std::span<const index::LabelIds> labels);
  // Ends the batch and appends it. The numbers go on in the next one.
  void FinishBatch(std::string& out);
  [[nodiscard]] const SnapshotTotals& totals() const { return totals_; }

 private:
  [[nodiscard]] std::uint32_t NumberOfString(index::StringId id);
  [[nodiscard]] std::uint32_t NumberOfPair(const index::LabelIds& ids);

  struct PairOfValue {
    index::StringId name = index::kNoString;
    std::uint32_t number = 0;
  };

  const std::function<std::string_view(index::StringId)> text_of_;
  std::vector<std::uint32_t> string_numbers_;                     // By id; one more than the number, 0: none yet.
  std::vector<PairOfValue> pair_of_value_;                        // By id of the value: the first pair it was met in,
  std::unordered_map<std::uint64_t, std::uint32_t> other_pairs_;  // and all further ones.
  SnapshotTotals totals_;
  SnapshotTotals before_batch_;
  std::string strings_;
  std::string pairs_;
  std::string series_;
  std::vector<std::uint32_t> last_;  // Pairs of the series before, in this batch.
};

// One batch taken apart; views into its bytes.
struct SnapshotLabels {
  std::vector<std::string_view> strings;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;  // Numbers of strings: name, value.
  std::vector<std::uint32_t> label_counts;                     // Of each series.
  std::vector<std::uint32_t> labels;                           // Numbers of pairs, series after series.
};
// `before` is what the batches before held; all numbers are checked against it. kCorruption says what is wrong.
[[nodiscard]] base::Status DecodeSnapshotLabels(std::string_view payload, const SnapshotTotals& before,
                                                SnapshotLabels& out);

// ---- Samples

struct SavedChunk {
  chunk::ChunkView view;
  bool late = false;
};

struct SavedSeries {
  base::TimestampMs newest;
  std::uint64_t newest_bits = 0;
  bool newest_is_histogram = false;
  metric::NativeHistogram newest_histogram;  // If it is one.
  std::vector<SavedChunk> chunks;            // In the order in which they were written.
};

// Writes one series piece by piece: the newest sample, how many chunks, the chunks.
void AppendSavedNewest(base::TimestampMs newest, std::uint64_t bits, const metric::NativeHistogram* histogram,
                       std::size_t chunks, std::string& out);
void AppendSavedChunk(base::TimestampMs newest, const chunk::ChunkView& chunk, bool late, std::string& out);

// What the journal calls the series: `refs`, one each, from number `first` on. Reading appends them.
void AppendSamplesHeader(std::uint64_t first, std::span<const SeriesRef> refs, std::string& out);
[[nodiscard]] bool ReadSamplesHeader(std::string_view& in, std::uint64_t& first, std::vector<SeriesRef>& refs);
// False on bytes that were not written so. Chunks are not looked into.
[[nodiscard]] bool ReadSavedSeries(std::string_view& in, SavedSeries& out);

}  // namespace bellwether::storage::head
