// api/remote_read/series_message.h
//
// Series as the messages of remote read: TimeSeries with samples, ChunkedSeries with chunks.
//
// Source: Prometheus prompb/types.proto, prompb/remote.proto.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "api/remote_read/chunk_encoder.h"
#include "metric/labels.h"
#include "storage/storage.h"

namespace bellwether::api::remote_read {

// A TimeSeries, field by field. One thread.
class TimeSeriesMessage {
 public:
  // Begins another one.
  void Begin(const metric::Labels& labels);
  void Add(const storage::SampleBatch& batch);
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::string scratch_;
  std::string packed_;
};

// A ChunkedReadResponse with one series.
class ChunkedResponseMessage {
 public:
  // Labels are the same for all messages until the next Begin.
  void Begin(const metric::Labels& labels, std::uint64_t query_index);
  [[nodiscard]] std::size_t label_bytes() const { return labels_.size(); }
  // The message with these chunks; good until the next call.
  [[nodiscard]] const std::string& Make(std::span<const EncodedChunk> chunks);

 private:
  std::string labels_;
  std::uint64_t query_index_ = 0;
  std::string series_;
  std::string scratch_;
  std::string bytes_;
};

}  // namespace bellwether::api::remote_read
