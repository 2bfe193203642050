// Remote read: the samples of series for another Prometheus, as messages with samples or as a stream of chunks. Errors
// are plain text, as those of remote write.
//
// Source: Prometheus storage/remote/read_handler.go, codec.go, chunked.go.
#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <limits>
#include <memory>
#include <semaphore>
#include <vector>

#include "api/handlers/routes.h"
#include "api/json/envelope.h"
#include "api/json/error_table.h"
#include "api/remote_read/chunk_encoder.h"
#include "api/remote_read/crc32c.h"
#include "api/remote_read/proto_writer.h"
#include "api/remote_read/read_request.h"
#include "api/remote_read/series_message.h"
#include "api/remote_read/snappy_pieces.h"
#include "base/log.h"

namespace bellwether::api {
namespace {

using remote_read::ReadQuery;
using remote_read::ReadRequest;

constexpr std::size_t kReadRequestBytesMax = 32u << 20;  // Decoded.

// How many reads run at a time; the rest wait.
class ReadGate {
 public:
  explicit ReadGate(int places) : limited_(places > 0), free_(places > 0 ? places : 1) {}

  // Holds a place for as long as the result lives. Null: the client went away while it waited.
  static std::shared_ptr<void> Enter(const std::shared_ptr<ReadGate>& gate, const std::stop_token& client_gone) {
    constexpr std::chrono::milliseconds kLookUp(20);  // The end of the client does not wake a waiter.
    if (!gate->limited_) return gate;
    while (!gate->free_.try_acquire_for(kLookUp)) {
      if (client_gone.stop_requested()) return nullptr;
    }
    return {gate.get(), [gate](void*) { gate->free_.release(); }};
  }

 private:
  const bool limited_;
  std::counting_semaphore<> free_;
};

// A query as it is asked of the store.
struct SeriesReader {
  SeriesReader(storage::Storage& storage, const ReadQuery& query, const metric::Labels& external)
      : querier(storage.NewQuerier(query.min, query.max)),
        set(querier->Select(remote_read::WithoutExternal(query.matchers, external),
                            {.labels_only = query.labels_only})) {}

  std::unique_ptr<storage::Querier> querier;
  std::unique_ptr<storage::SeriesSet> set;
};

// The results of the queries, compressed; see snappy_pieces.h.
struct SampleResults {
  std::uint64_t raw_bytes = 0;
  std::vector<std::pair<std::string, std::deque<std::string>>> queries;  // The literal in front, the pieces.
};

base::Status CollectQuery(const HandlerContext& context, const ReadQuery& query, const metric::Labels& external,
                          const std::stop_token& client_gone, remote_read::SnappyPieces& pieces) {
  SeriesReader reader(context.storage, query, external);
  remote_read::TimeSeriesMessage message;
  std::uint64_t samples = 0;
  std::string header;
  while (reader.set->Next()) {
    if (client_gone.stop_requested()) return base::Cancelled("the client went away");
    message.Begin(remote_read::WithExternal(reader.set->labels(), external));
    bool has_samples = query.labels_only;
    storage::SampleBatch batch;
    storage::SampleCursor* cursor = query.labels_only ? nullptr : &reader.set->samples();
    while (cursor != nullptr && cursor->Next(batch)) {
      has_samples = true;
      samples += batch.timestamps.size();
      if (context.remote_read.samples_max != 0 && samples > context.remote_read.samples_max) {
        return base::InvalidArgument(fmt::format("exceeded sample limit ({})", context.remote_read.samples_max));
      }
      message.Add(batch);
    }
    if (cursor != nullptr) BW_RETURN_IF_ERROR(cursor->status());
    if (!has_samples) continue;
    header.clear();
    remote_read::AppendProtoTag(header, 1, base::WireType::kBytes);
    base::AppendVarint(header, message.bytes().size());
    pieces.Append(header);
    pieces.Append(message.bytes());
  }
  return reader.set->status();
}

base::Result<SampleResults> CollectSamples(const HandlerContext& context, const ReadRequest& request,
                                           const std::stop_token& client_gone) {
  const metric::Labels external = context.external_labels();
  SampleResults results;
  for (const ReadQuery& query : request.queries) {
    remote_read::SnappyPieces pieces;
    BW_RETURN_IF_ERROR(CollectQuery(context, query, external, client_gone, pieces));
    pieces.Finish();
    std::string header;
    remote_read::AppendProtoTag(header, 1, base::WireType::kBytes);
    base::AppendVarint(header, pieces.raw_bytes());
    results.raw_bytes += header.size() + pieces.raw_bytes();
    if (results.raw_bytes > std::numeric_limits<std::uint32_t>::max()) {
      return base::InvalidArgument("the answer would exceed the 4 GiB of a snappy block; ask for less at a time");
    }
    results.queries.emplace_back(remote_read::SnappyLiteral(header), pieces.TakePieces());
  }
  return results;
}

void SendSamples(SampleResults& results, BodySink& sink) {
  std::string length;
  base::AppendVarint(length, results.raw_bytes);
  if (!sink.Write(length)) return;
  for (auto& [header, pieces] : results.queries) {
    if (!sink.Write(header)) return;
    for (; !pieces.empty(); pieces.pop_front()) {
      if (!sink.Write(pieces.front())) return;
    }
  }
}

// Writes the chunks of series in frames: length, CRC-32C, message.
class FrameWriter {
 public:
  FrameWriter(BodySink& sink, std::size_t frame_bytes_max) : sink_(sink), frame_bytes_max_(frame_bytes_max) {}

  // False: the client is gone.
  [[nodiscard]] bool alive() const { return alive_; }

  void BeginSeries(const metric::Labels& labels, std::uint64_t query_index) {
    message_.Begin(labels, query_index);
    chunk_bytes_ = 0;
  }
  void Add(const storage::SampleBatch& batch) {
    const std::size_t known = chunks_.size();
    encoder_.Add(batch, chunks_);
    CountFrom(known);
    if (message_.label_bytes() + chunk_bytes_ >= frame_bytes_max_ && !chunks_.empty()) Send();
  }
  void EndSeries() {
    encoder_.Finish(chunks_);
    if (!chunks_.empty()) Send();
  }
  // A frame without chunks.
  void LabelsAlone() { Send(); }

 private:
  void CountFrom(std::size_t first) {
    for (std::size_t i = first; i < chunks_.size(); ++i) chunk_bytes_ += chunks_[i].bytes.size();
  }

  void Send() {
    const std::string& message = message_.Make(chunks_);
    frame_.clear();
    base::AppendVarint(frame_, message.size());
    base::AppendBigEndian32(frame_, remote_read::Crc32c(message));
    alive_ = alive_ && sink_.Write(frame_) && sink_.Write(message);
    chunks_.clear();
    chunk_bytes_ = 0;
  }

  BodySink& sink_;
  const std::size_t frame_bytes_max_;
  remote_read::ChunkEncoder encoder_;
  remote_read::ChunkedResponseMessage message_;
  std::vector<remote_read::EncodedChunk> chunks_;  // Of the frame under way.
  std::size_t chunk_bytes_ = 0;
  std::string frame_;
  bool alive_ = true;
};

base::Status StreamQuery(storage::Storage& storage, const ReadQuery& query, std::uint64_t query_index,
                         const metric::Labels& external, FrameWriter& frames) {
  SeriesReader reader(storage, query, external);
  while (frames.alive() && reader.set->Next()) {
    frames.BeginSeries(remote_read::WithExternal(reader.set->labels(), external), query_index);
    if (query.labels_only) {
      frames.LabelsAlone();
      continue;
    }
    storage::SampleCursor& cursor = reader.set->samples();
    storage::SampleBatch batch;
    while (frames.alive() && cursor.Next(batch)) frames.Add(batch);
    BW_RETURN_IF_ERROR(cursor.status());
    frames.EndSeries();
  }
  return reader.set->status();
}

void StreamChunks(const HandlerContext& context, const ReadRequest& request, const metric::Labels& external,
                  BodySink& sink) {
  FrameWriter frames(sink, context.remote_read.frame_bytes_max);
  for (std::size_t i = 0; i < request.queries.size(); ++i) {
    const base::Status status = StreamQuery(context.storage, request.queries[i], i, external, frames);
    if (status.ok()) continue;
    BW_LOG_EVERY(std::chrono::seconds(10), kError, "remote read failed", {"error", status});
    return sink.Abort();
  }
}

base::Status RemoteRead(const HandlerContext& context, const std::shared_ptr<ReadGate>& gate,
                        const HttpRequest& request, HttpResponse& response) {
  std::shared_ptr<void> place = ReadGate::Enter(gate, request.client_gone);
  if (place == nullptr) return base::Cancelled("the client went away");
  BW_ASSIGN_OR_RETURN(const std::string message, remote_read::OpenSnappy(request.body, kReadRequestBytesMax));
  BW_ASSIGN_OR_RETURN(ReadRequest read, remote_read::ParseReadRequest(message));
  if (read.response_type == remote_read::ResponseType::kSamples) {
    BW_ASSIGN_OR_RETURN(SampleResults results, CollectSamples(context, read, request.client_gone));
    response.content_type = "application/x-protobuf";
    response.headers.emplace_back("Content-Encoding", "snappy");
    response.stream = [place, results = std::move(results)](BodySink& sink) mutable { SendSamples(results, sink); };
  } else {
    response.content_type = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";
    response.stream = [&context, place, read = std::move(read), external = context.external_labels()](BodySink& sink) {
      StreamChunks(context, read, external, sink);
    };
  }
  return base::OkStatus();
}

}  // namespace

void AddRemoteReadRoutes(const HandlerContext& context, RouteTable& routes) {
  const auto gate = std::make_shared<ReadGate>(context.remote_read.concurrency_max);
  routes.push_back({{"POST"},
                    "/api/v1/read",
                    WorkerPool::kQuery,
                    [&context, gate](const HttpRequest& request, HttpResponse& response) {
                      const base::Status status = RemoteRead(context, gate, request, response);
                      if (status.ok()) return;
                      RespondText(response, ErrorKindOf(status.code()).http_status, status.message() + "\n");
                    }});
}

}  // namespace bellwether::api
