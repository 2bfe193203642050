// api/remote_read/chunk_encoder.h
//
// Prometheus's chunks: what remote read streams. XOR (floats), HISTOGRAM (integer native histograms) and
// FLOAT_HISTOGRAM, byte for byte as Prometheus writes them; the later encodings are not made, because clients of
// unknown age do not understand them.
//
// A chunk ends after 120 samples, as Prometheus's do, where floats and histograms meet, and where a histogram does not
// go on from the one before it: other buckets, another schema, a reset, a stale marker.
//
// Source: Prometheus tsdb/docs/format/chunks.md, tsdb/chunkenc.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "metric/histogram.h"
#include "storage/storage.h"

namespace bellwether::api::remote_read {

enum class ChunkEncoding : std::uint8_t { kXor = 1, kHistogram = 2, kFloatHistogram = 3 };  // As on the wire.

struct EncodedChunk {
  ChunkEncoding encoding = ChunkEncoding::kXor;
  base::TimestampMs min;  // Of the first and the last sample.
  base::TimestampMs max;
  std::string bytes;
};

// Turns the samples of one series into chunks. Batches are added in the order of time.
class ChunkEncoder {
 public:
  ChunkEncoder();
  ~ChunkEncoder();
  ChunkEncoder(const ChunkEncoder&) = delete;
  ChunkEncoder& operator=(const ChunkEncoder&) = delete;

  // Appends the chunks that are complete to `chunks`.
  void Add(const storage::SampleBatch& batch, std::vector<EncodedChunk>& chunks);
  // The same for the one under way; the next batch begins another series.
  void Finish(std::vector<EncodedChunk>& chunks);

 private:
  class XorValue;
  class DeltaOfDelta;
  class XorChunk;
  class HistogramChunk;

  void AddFloat(base::TimestampMs t, double v, std::vector<EncodedChunk>& chunks);
  void AddHistogram(base::TimestampMs t, const metric::NativeHistogram& h, std::vector<EncodedChunk>& chunks);

  const std::unique_ptr<XorChunk> floats_;  // At most one of the two is under way.
  const std::unique_ptr<HistogramChunk> histograms_;
};

}  // namespace bellwether::api::remote_read
