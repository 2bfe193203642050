// storage/journal/record_codec.h
//
// What a commit record holds: sections, one behind another, in any number and order. Grammar and a worked example:
// docs/formats/journal.md.
//
//   commit     := section*
//   section    := kind:u8 length:varint body[length]
//   series     := (delta:zigzag labels:bytes)*
//   floats     := count:varint flags:u8 refs times values [starts]      columns of `count`
//   histograms := (delta:zigzag time:zigzag start:zigzag histogram:bytes)*
//   metadata   := (metric:bytes type:u8 unit:bytes help:bytes)*
//   since      := segment:varint
//
// Refs and times are differences to the entry before. A float is a whole number or thousandths as a varint where that
// gives back the same bits, else its eight bytes. Scrapes come to 4 to 8 bytes a sample.
//
// Series are defined (ref and labels) before they are used, in the same segment, or in an earlier one from `since` on.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "metric/histogram.h"
#include "metric/labels.h"
#include "storage/storage.h"

namespace bellwether::storage {

// Builds the payload of one commit. Keeps its buffer from one commit to the next, so that a commit allocates nothing.
class CommitEncoder {
 public:
  void Clear();
  void AddSeries(SeriesRef ref, const metric::Labels& labels);
  // `selected[i]` says whether samples[i] is to be written; as long as `samples`.
  void AddFloats(std::span<const FloatSample> samples, std::span<const std::uint8_t> selected);
  void AddHistogram(const HistogramSample& sample);
  void AddMetadata(const MetricMetadata& metadata);
  // Refs of this commit may be defined in earlier segments from this one (> 0) on.
  void SetSince(std::uint64_t segment) { since_ = segment; }

  [[nodiscard]] bool empty() const {
    return sections_.empty() && series_.empty() && histograms_.empty() && metadata_.empty();
  }
  // The whole, definitions first; good until the next call.
  [[nodiscard]] std::string_view Payload();

 private:
  std::string series_;
  std::string histograms_;
  std::string metadata_;
  std::string sections_;             // Of floats.
  std::unique_ptr<char[]> columns_;  // Where their bodies are made; a string would clear the room first.
  std::size_t columns_bytes_ = 0;
  std::string payload_;
  std::uint64_t since_ = 0;  // 0: not told.
  std::uint64_t last_series_ = 0;
  std::uint64_t last_histogram_ = 0;
  std::int64_t last_histogram_ms_ = 0;
};

// A commit taken apart. Columns of memory are kept from one record to the next.
struct DecodedCommit {
  struct Series {
    SeriesRef ref;
    metric::Labels labels;
  };
  struct Histogram {
    SeriesRef ref;
    base::TimestampMs timestamp;
    base::TimestampMs start_timestamp;
    metric::NativeHistogram histogram;
  };
  std::vector<Series> series;
  std::vector<FloatSample> floats;
  std::vector<Histogram> histograms;
  std::vector<MetricMetadata> metadata;
  std::uint64_t since = 0;  // First segment that may define the refs; 0: the one that the commit stands in.
  void Clear();
};

// kCorruption with the section and what is wrong. Never trusts a count for an allocation beyond the payload's size.
[[nodiscard]] base::Status DecodeCommit(std::string_view payload, DecodedCommit& commit);

}  // namespace bellwether::storage
