// storage/chunk/histogram_chunk.h
//
// A chunk of native histograms: times and start times as columns, then the histograms one after another in their stable
// byte form (metric::EncodeHistogram), compressed with zstd where that pays: neighbours differ in a few bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "metric/histogram.h"
#include "storage/chunk/columns.h"

namespace bellwether::storage::chunk {

// The open chunk of a histogram series: encoded as they come, compressed at the end.
class HistogramStream {
 public:
  // Later than the last.
  void Append(base::TimestampMs t, const metric::NativeHistogram& h, base::TimestampMs start);
  void Clear();

  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(times_.size()); }
  [[nodiscard]] base::TimestampMs min() const { return times_.front(); }
  [[nodiscard]] base::TimestampMs max() const { return times_.back(); }
  [[nodiscard]] std::size_t payload_bytes() const { return payload_.size(); }

  // Appends the chunk as it is now: uncompressed for a reader, compressed to be kept.
  void CopyTo(std::string& out) const;
  void CloseTo(std::string& out) const;

 private:
  std::vector<base::TimestampMs> times_;
  std::vector<base::TimestampMs> starts_;
  std::string payload_;
};

// Appends the chunk of these samples, compressed.
void EncodeHistograms(std::span<const base::TimestampMs> times, std::span<const metric::NativeHistogram> histograms,
                      std::span<const base::TimestampMs> starts, std::string& out);

// `bytes` without the kind; appends to `out`. False on bytes that are no such chunk.
[[nodiscard]] bool DecodeHistograms(std::string_view bytes, Columns& out);

}  // namespace bellwether::storage::chunk
