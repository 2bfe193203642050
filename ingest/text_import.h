// ingest/text_import.h
//
// Back-fill from text: OpenMetrics or the Prometheus text format, as a stream of pieces, into a store. The lines
// themselves are read by text/text_reader.h.
//
// Samples of any age within the retention are taken (storage.h, AppendMode::kBackfill). A line that cannot be read ends
// the import: what stands before it is kept, and the error says which line it is. That suits a stream: nobody holds
// gigabytes back for one bad line, and since repeats have no effect, the whole may be sent again once it is mended.
// Samples and series that the store refuses are counted and left out; the rest goes on.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/status.h"
#include "base/time.h"
#include "ingest/text/body_decoder.h"
#include "ingest/text/text_format.h"
#include "ingest/write_handler.h"
#include "storage/storage.h"

namespace bellwether::ingest {

struct ImportCounts {
  std::uint64_t lines = 0;
  std::uint64_t samples = 0;  // Taken, repeats of what stands included.
  std::uint64_t exemplars = 0;
  std::array<std::uint64_t, storage::kRefusals> refused{};
  std::uint64_t refused_series = 0;  // For their labels or the series limit; their samples are not counted.
  std::string first_refused{};       // In words, with the remedy; empty if nothing was refused.

  [[nodiscard]] std::uint64_t TotalRefused() const;
  void Add(const ImportCounts& more);
};

// One import. One thread.
class TextImport {
 public:
  // Without a format the lines say which it is. `now` is the time of samples without one. All outlive the import.
  TextImport(const IngestOptions& options, storage::Storage& storage, std::optional<TextFormat> format,
             base::TimestampMs now);
  ~TextImport();

  // Lines may be cut anywhere between pieces. Errors: kInvalidArgument (`line 7, column 12: ...`), after which the
  // import is over but for Finish; those of Appender::Commit.
  [[nodiscard]] base::Status Add(std::string_view piece);
  // The last line, if no line feed ended it; then returns when everything taken is durable. To be called after an error
  // of Add, too, to keep what was taken.
  [[nodiscard]] base::Status Finish();

  [[nodiscard]] const ImportCounts& counts() const;
  // An OpenMetrics text ended with `# EOF`.
  [[nodiscard]] bool seen_eof() const;
  [[nodiscard]] TextFormat format() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct ImportRequest {
  std::string_view body;
  std::string_view content_type;  // Header values as they came; empty if absent.
  std::string_view content_encoding;
};

struct ImportOutcome {
  // 204; or 400 (a bad line, or something was refused), 415, 500, 503 with a line of text.
  int http_status = 204;
  std::string message{};
  bool stopped = false;  // At a line that cannot be read, or by the store: lines behind it were not looked at.
  ImportCounts counts{};
};

// Whole requests. Thread-safe.
class ImportHandler {
 public:
  // All outlive the handler.
  ImportHandler(IngestOptions options, storage::Storage& storage, base::Clock& clock, base::MetricsRegistry& metrics);
  ~ImportHandler();

  [[nodiscard]] ImportOutcome Handle(const ImportRequest& request);

 private:
  struct Metrics;
  IngestOptions options_;
  storage::Storage& storage_;
  base::Clock& clock_;
  std::unique_ptr<Metrics> metrics_;
};

}  // namespace bellwether::ingest
