// ingest/write_handler.h
//
// A remote-write request, from compressed bytes to durable samples. Knows bytes and two header values, not HTTP; api
// maps the outcome to an answer.
//
// The body is a snappy block holding a protobuf message that is walked in place: no message objects, no copies of
// strings, one arena of columns a request, used again by the next. A series is found by the bytes of its labels; only a
// series never seen before has its labels taken apart and judged.
//
// What is refused never costs what is good: invalid series and samples out of order are skipped and counted, the rest
// is kept, and the answer is 400 with the first reason (docs/ingest.md says where this is kinder than Prometheus). On a
// storage error nothing is acknowledged, and the sender's retry is harmless.
//
// Budget per sample of a request with one sample a series: 80 ns snappy, 20 ns walk, 30 ns lookup, no allocation.
//
// Source: Prometheus remote-write specification 1.0 (2.0 will be a second reader beside it).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "base/status.h"
#include "base/time.h"
#include "storage/storage.h"

namespace bellwether::ingest {

struct IngestOptions {
  std::size_t compressed_bytes_max = 32u << 20;
  std::size_t decoded_bytes_max = 32u << 20;
  std::size_t label_name_bytes_max = 0;  // 0: no limit.
  std::size_t label_value_bytes_max = 0;
  std::size_t labels_max = 0;  // Of one series.
};

struct WriteRequest {
  std::string_view body;
  std::string_view content_type;  // Header values as they came; empty if absent.
  std::string_view content_encoding;
};

struct WriteOutcome {
  // kOk: 204. Otherwise an HTTP status of the specification (400, 413, 415, 500, 503) and one line for the body.
  int http_status = 204;
  std::string message;
  std::uint64_t floats_written = 0;
  std::uint64_t histograms_written = 0;
  std::uint64_t exemplars_written = 0;
  bool version_2 = false;  // The answer carries the written-counts of remote write 2.0.
};

// Thread-safe. A call waits for the disk at its end, without holding anything: let there be more callers than cores.
class WriteHandler {
 public:
  // All three outlive the handler.
  WriteHandler(IngestOptions options, storage::Storage& storage, base::MetricsRegistry& metrics);
  ~WriteHandler();

  [[nodiscard]] WriteOutcome Handle(const WriteRequest& request);

 private:
  struct Metrics;
  struct WriteBuffers;
  struct QueuedWrite;
  class WriteSession;
  class BufferPool;

  // Everything but the wait for the disk. An outcome if the request ends here.
  [[nodiscard]] std::optional<WriteOutcome> Queue(const WriteRequest& request, WriteBuffers& buffers,
                                                  QueuedWrite& queued);
  void Count(const QueuedWrite& queued);

  const IngestOptions options_;
  storage::Storage& storage_;
  const std::unique_ptr<Metrics> metrics_;
  const std::unique_ptr<BufferPool> buffers_;
};

}  // namespace bellwether::ingest
