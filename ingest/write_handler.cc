#include "ingest/write_handler.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "base/log.h"
#include "base/mutex.h"
#include "base/utf8.h"
#include "ingest/validate/refused_sample.h"
#include "ingest/validate/series_labels.h"
#include "ingest/wire/content_headers.h"
#include "ingest/wire/snappy_block.h"
#include "ingest/wire/write_request_v1.h"

namespace bellwether::ingest {

struct WriteHandler::Metrics {
  explicit Metrics(base::MetricsRegistry& registry)
      : floats(registry.AddCounter("bellwether_ingest_samples_total", "Samples written.", {{"type", "float"}})),
        histograms(registry.AddCounter("bellwether_ingest_samples_total", "Samples written.", {{"type", "histogram"}})),
        exemplars(registry.AddCounter("bellwether_ingest_exemplars_total", "Exemplars written.")),
        wire_bytes(registry.AddCounter("bellwether_ingest_wire_bytes_total", "Compressed bytes of write requests.")) {
    for (std::size_t i = 1; i < kSeriesRefusals; ++i) {
      refused_series[i] = &registry.AddCounter(
          "bellwether_ingest_refused_total", "Series and histograms refused before they reached storage.",
          {{"reason", std::string(SeriesRefusalName(static_cast<SeriesRefusal>(i)))}});
    }
    for (std::size_t i = 1; i < storage::kRefusals; ++i) {
      refused_samples[i] =
          &registry.AddCounter("bellwether_ingest_refused_samples_total", "Samples refused by the order policy.",
                               {{"reason", std::string(storage::RefusalName(static_cast<storage::Refusal>(i)))}});
    }
  }

  base::Counter& floats;
  base::Counter& histograms;
  base::Counter& exemplars;
  base::Counter& wire_bytes;
  std::array<base::Counter*, kSeriesRefusals> refused_series{};
  std::array<base::Counter*, storage::kRefusals> refused_samples{};
};

// What is kept from request to request.
struct WriteHandler::WriteBuffers {
  std::string decoded;
  WireRequest request;
  std::vector<std::string_view> skimmed_aliases;
  std::vector<storage::SeriesRef> refs;
  std::vector<metric::LabelView> labels;
  std::vector<storage::HistogramSample> histograms;
  std::unique_ptr<storage::Appender> appender;
};

namespace {

// What was once needed for a huge request is not kept for ever.
constexpr std::size_t kKeptDecodedBytesMax = 8u << 20;

WriteOutcome Failure(int http_status, std::string message) {
  WriteOutcome outcome;
  outcome.http_status = http_status;
  outcome.message = std::move(message);
  return outcome;
}

// A storage error: the sender must come again. Only a full store is said to be so in as many words.
WriteOutcome StorageFailure(const base::Status& status) {
  const bool passing =
      status.code() == base::StatusCode::kUnavailable || status.code() == base::StatusCode::kOverloaded;
  return Failure(passing ? 503 : 500, status.message());
}

WriteOutcome NotStored(const base::Status& status) {
  BW_LOG_EVERY(std::chrono::seconds(10), kError, "write request not stored", {"error", status});
  return StorageFailure(status);
}

}  // namespace

// A request that waits for its sync.
struct WriteHandler::QueuedWrite {
  storage::CommitResult committed;
  std::array<std::uint64_t, kSeriesRefusals> refused{};
  std::string first_error;  // Of a refused series.

  [[nodiscard]] WriteOutcome Outcome() const {
    WriteOutcome outcome;
    outcome.floats_written = committed.floats;
    outcome.histograms_written = committed.histograms;
    outcome.exemplars_written = committed.exemplars;
    if (!first_error.empty()) {
      outcome.http_status = 400;
      outcome.message = first_error;
    } else if (committed.first_refused) {
      outcome.http_status = 400;
      outcome.message = DescribeRefusedSample(*committed.first_refused);
    }
    return outcome;
  }
};

// Turns a decoded request into one commit. Lives for one request.
class WriteHandler::WriteSession {
 public:
  WriteSession(const IngestOptions& options, storage::Appender& appender, WriteBuffers& buffers)
      : options_(options), appender_(appender), b_(buffers) {}

  // Reads the message and looks for its series. An error is the sender's (400).
  base::Status Read(std::string_view message) {
    BW_RETURN_IF_ERROR(SkimWriteRequestV1(message, b_.request));
    LookUpAliases();
    if (!b_.request.is_skimmed || std::find(b_.refs.begin(), b_.refs.end(), storage::SeriesRef::kNone) == b_.refs.end())
      return base::OkStatus();
    b_.skimmed_aliases.swap(b_.request.aliases);
    BW_RETURN_IF_ERROR(ReadWriteRequestV1(message, b_.request));
    const auto same_place = [](std::string_view a, std::string_view b) {
      return a.data() == b.data() && a.size() == b.size();
    };
    if (!std::equal(b_.skimmed_aliases.begin(), b_.skimmed_aliases.end(), b_.request.aliases.begin(),
                    b_.request.aliases.end(), same_place)) {
      LookUpAliases();
    }
    return base::OkStatus();
  }

  // Makes the series that were not found and hands all samples to the appender. An error ends the request (5xx).
  base::Status Append() {
    const std::size_t n = b_.request.series.size();
    for (std::size_t i = 0; i < n; ++i) {
      const WireSeries& series = b_.request.series[i];
      if (series.samples_begin == series.samples_end && series.histograms_begin == series.histograms_end) continue;
      if (b_.refs[i] == storage::SeriesRef::kNone) BW_RETURN_IF_ERROR(Resolve(i));
      for (std::uint32_t s = series.samples_begin; s < series.samples_end; ++s) b_.request.samples[s].ref = b_.refs[i];
    }
    if (refused_any_series_) DropSamplesOfRefusedSeries();
    appender_.Append(b_.request.samples);
    AppendHistograms();
    AppendExemplars();
    for (const storage::MetricMetadata& metadata : b_.request.metadata) {
      if (!metadata.metric.empty()) appender_.SetMetadata(metadata);
    }
    return base::OkStatus();
  }

  [[nodiscard]] const std::array<std::uint64_t, kSeriesRefusals>& refused() const { return refused_; }
  [[nodiscard]] const std::string& first_error() const { return first_error_; }

 private:
  void LookUpAliases() {
    b_.refs.resize(b_.request.series.size());
    appender_.FindByAlias(b_.request.aliases, b_.refs);
  }

  // A series not seen before: its labels are taken apart and judged. A refused one stays kNone.
  base::Status Resolve(std::size_t i) {
    b_.labels.clear();
    const bool whole = ReadLabelsV1(b_.request.series[i].body, b_.labels);
    const SeriesRefusal reason = whole ? JudgeSeriesLabels(b_.labels, options_) : SeriesRefusal::kMalformedLabels;
    if (reason != SeriesRefusal::kNone) {
      Refuse(reason, DescribeSeriesRefusal(reason, b_.labels, options_));
      return base::OkStatus();
    }
    auto made = appender_.FindOrCreate(metric::Labels::FromSortedUnique(b_.labels), b_.request.aliases[i]);
    if (made.ok()) {
      b_.refs[i] = *made;
      return base::OkStatus();
    }
    const SeriesRefusal refusal = RefusalOf(made.status());
    if (refusal == SeriesRefusal::kNone) return made.status();
    Refuse(refusal, made.status().message());
    return base::OkStatus();
  }

  void Refuse(SeriesRefusal reason, std::string words) {
    ++refused_[static_cast<std::size_t>(reason)];
    if (reason != SeriesRefusal::kInvalidHistogram) refused_any_series_ = true;
    if (first_error_.empty()) first_error_ = std::move(words);
  }

  void DropSamplesOfRefusedSeries() {
    std::erase_if(b_.request.samples, [](const storage::FloatSample& s) { return s.ref == storage::SeriesRef::kNone; });
  }

  void AppendHistograms() {
    if (b_.request.histograms.empty()) return;
    b_.histograms.clear();
    for (std::size_t i = 0; i < b_.request.series.size(); ++i) {
      const WireSeries& series = b_.request.series[i];
      if (b_.refs[i] == storage::SeriesRef::kNone) continue;
      for (std::uint32_t h = series.histograms_begin; h < series.histograms_end; ++h) {
        WireHistogram& wire = b_.request.histograms[h];
        if (const base::Status valid = metric::ValidateHistogram(wire.histogram); !valid.ok()) {
          Refuse(SeriesRefusal::kInvalidHistogram, valid.message());
          continue;
        }
        if (wire.histogram.schema > metric::kMaxExponentialSchema) {
          wire.histogram = metric::ReduceResolution(wire.histogram, metric::kMaxExponentialSchema);
        }
        b_.histograms.push_back({b_.refs[i], wire.timestamp, &wire.histogram, {}});
      }
    }
    if (!b_.histograms.empty()) appender_.AppendHistograms(b_.histograms);
  }

  void AppendExemplars() {
    if (b_.request.exemplars.empty()) return;
    constexpr std::size_t kExemplarLabelCodePointsMax = 128;
    for (std::size_t i = 0; i < b_.request.series.size(); ++i) {
      const WireSeries& series = b_.request.series[i];
      if (b_.refs[i] == storage::SeriesRef::kNone) continue;
      for (std::uint32_t e = series.exemplars_begin; e < series.exemplars_end; ++e) {
        const WireExemplar& wire = b_.request.exemplars[e];
        b_.labels.clear();
        if (!ReadLabelsV1(wire.body, b_.labels)) continue;  // An exemplar never fails a request.
        std::size_t length = 0;
        for (const auto& [name, value] : b_.labels)
          length += base::CountCodePoints(name) + base::CountCodePoints(value);
        if (length > kExemplarLabelCodePointsMax) continue;
        appender_.AppendExemplar(b_.refs[i], {metric::Labels::FromPairs(b_.labels), wire.value, wire.timestamp});
      }
    }
  }

  const IngestOptions& options_;
  storage::Appender& appender_;
  WriteBuffers& b_;
  bool refused_any_series_ = false;
  std::array<std::uint64_t, kSeriesRefusals> refused_{};
  std::string first_error_;
};

// Buffers that no request uses. The last given back is the first taken: it is still in the processor's cache.
class WriteHandler::BufferPool {
 public:
  explicit BufferPool(storage::Storage& storage) : storage_(storage) {}

  std::unique_ptr<WriteBuffers> Take() {
    {
      const base::MutexLock lock(mu_);
      if (!idle_.empty()) {
        auto buffers = std::move(idle_.back());
        idle_.pop_back();
        return buffers;
      }
    }
    auto buffers = std::make_unique<WriteBuffers>();
    buffers->appender = storage_.NewAppender();
    return buffers;
  }

  void GiveBack(std::unique_ptr<WriteBuffers> buffers) {
    if (buffers->decoded.capacity() > kKeptDecodedBytesMax) return;
    const base::MutexLock lock(mu_);
    idle_.push_back(std::move(buffers));
  }

 private:
  storage::Storage& storage_;
  base::Mutex mu_;
  std::vector<std::unique_ptr<WriteBuffers>> idle_ BW_GUARDED_BY(mu_);
};

WriteHandler::WriteHandler(IngestOptions options, storage::Storage& storage, base::MetricsRegistry& metrics)
    : options_(options),
      storage_(storage),
      metrics_(std::make_unique<Metrics>(metrics)),
      buffers_(std::make_unique<BufferPool>(storage)) {}

WriteHandler::~WriteHandler() = default;

WriteOutcome WriteHandler::Handle(const WriteRequest& request) {
  ContentVerdict content = JudgeContentHeaders(request.content_type, request.content_encoding);
  if (content.protocol == WriteProtocol::kUnsupported) return Failure(415, std::move(content.error));
  if (request.body.size() > options_.compressed_bytes_max) {
    return Failure(413, fmt::format("request body exceeds the {} bytes limit", options_.compressed_bytes_max));
  }
  auto buffers = buffers_->Take();
  QueuedWrite queued;
  std::optional<WriteOutcome> failed = Queue(request, *buffers, queued);
  buffers_->GiveBack(std::move(buffers));  // While this thread waits for the disk another may need them.
  if (failed) return std::move(*failed);
  if (const base::Status durable = storage_.WaitDurable(queued.committed); !durable.ok()) return NotStored(durable);
  Count(queued);
  return queued.Outcome();
}

std::optional<WriteOutcome> WriteHandler::Queue(const WriteRequest& request, WriteBuffers& buffers,
                                                QueuedWrite& queued) {
  const auto message = OpenSnappyBlock(request.body, options_.decoded_bytes_max, buffers.decoded);
  if (!message.ok()) return Failure(400, message.status().message());
  WriteSession session(options_, *buffers.appender, buffers);
  if (const base::Status read = session.Read(*message); !read.ok()) {
    buffers.appender->Rollback();
    return Failure(400, read.message());
  }
  metrics_->wire_bytes.Add(request.body.size());
  if (const base::Status appended = session.Append(); !appended.ok()) {
    buffers.appender->Rollback();
    return StorageFailure(appended);
  }
  auto committed = buffers.appender->Commit(storage::Durability::kDeferred);
  if (!committed.ok()) return NotStored(committed.status());
  queued = {std::move(*committed), session.refused(), session.first_error()};
  return std::nullopt;
}

void WriteHandler::Count(const QueuedWrite& queued) {
  const storage::CommitResult& committed = queued.committed;
  metrics_->floats.Add(committed.floats);
  metrics_->histograms.Add(committed.histograms);
  metrics_->exemplars.Add(committed.exemplars);
  for (std::size_t i = 1; i < kSeriesRefusals; ++i) metrics_->refused_series[i]->Add(queued.refused[i]);
  for (std::size_t i = 1; i < storage::kRefusals; ++i) metrics_->refused_samples[i]->Add(committed.refused[i]);
}

}  // namespace bellwether::ingest
