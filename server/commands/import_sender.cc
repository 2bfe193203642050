#include "server/commands/import_sender.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "server/http_client.h"
#include "server/version.h"

namespace bellwether::server {
namespace {

// "line 7, column 12: words" without the line, which is told in the words of the whole text.
void TakeLineOff(std::string message, base::StatusCode code, PieceOutcome& outcome) {
  constexpr std::string_view kLine = "line ";
  if (message.starts_with(kLine)) {
    const char* first = message.data() + kLine.size();
    const auto [end, error] = std::from_chars(first, message.data() + message.size(), outcome.line);
    const auto used = static_cast<std::size_t>(end - message.data());
    if (error == std::errc() && message.compare(used, 2, ", ") == 0) message.erase(0, used + 2);
  }
  outcome.status = base::Status(code, std::move(message));
}

class ServerSender final : public PieceSender {
 public:
  ServerSender(std::string url, base::HttpHeaders headers, base::DurationMs retry_for)
      : url_(std::move(url)),
        headers_(std::move(headers)),
        retry_for_(retry_for),
        client_(fmt::format("bellwether/{}", kVersion)) {}

  PieceOutcome Send(TextPiece piece) override {
    base::HttpClientRequest request{.method = "POST", .url = url_, .headers = headers_};
    request.headers.emplace_back("Accept", "application/json");
    request.headers.emplace_back("Content-Type", ContentType(piece.format));
    request.body = std::move(piece.body);
    request.timeout = base::Minutes(15);
    const base::TimestampMs give_up = clock_.Now() + retry_for_;
    for (base::DurationMs pause = base::Seconds(1);; pause = std::min(pause + pause, base::Seconds(30))) {
      const auto response = client_.Send(request);
      const bool busy = response.ok() ? response->status == 503 || response->status == 429
                                      : response.status().code() == base::StatusCode::kUnavailable;
      if (!busy || clock_.Now() + pause > give_up) return Read(response);
      clock_.SleepUntil(clock_.Now() + pause, {});
    }
  }
  base::Status Finish() override { return {}; }

 private:
  static std::string ContentType(std::optional<ingest::TextFormat> format) {
    if (!format) return "text/plain";
    return *format == ingest::TextFormat::kOpenMetrics ? "application/openmetrics-text; version=1.0.0"
                                                       : "text/plain; version=0.0.4";
  }

  static PieceOutcome Read(const base::Result<base::HttpClientResponse>& response) {
    PieceOutcome outcome;
    if (!response.ok()) {
      outcome.status = response.status();
      return outcome;
    }
    const auto json = nlohmann::json::parse(response->body, nullptr, false);
    if (!json.is_object() || !json.contains("data")) {
      outcome.status = base::Unavailable(fmt::format("the server answered {}: {}", response->status, response->body));
      return outcome;
    }
    try {
      ReadJson(json, outcome);
    } catch (const nlohmann::json::exception& e) {
      outcome.status = base::Unavailable(fmt::format("the server's answer is not understood: {}", e.what()));
    }
    return outcome;
  }

  static void ReadJson(const nlohmann::json& json, PieceOutcome& outcome) {
    const nlohmann::json& data = json.at("data");
    outcome.counts.lines = data.at("lines").get<std::uint64_t>();
    outcome.counts.samples = data.at("samples").get<std::uint64_t>();
    outcome.counts.exemplars = data.at("exemplars").get<std::uint64_t>();
    outcome.counts.refused_series = data.at("refusedSeries").get<std::uint64_t>();
    for (std::size_t i = 1; i < storage::kRefusals; ++i) {
      const std::string name(storage::RefusalName(static_cast<storage::Refusal>(i)));
      outcome.counts.refused[i] = data.at("refused").at(name).get<std::uint64_t>();
    }
    const std::string error = json.value("error", "");
    if (json.value("stopped", false)) {
      TakeLineOff(error, base::StatusCode::kInvalidArgument, outcome);
    } else {
      outcome.counts.first_refused = error;
    }
  }

  const std::string url_;
  const base::HttpHeaders headers_;
  const base::DurationMs retry_for_;
  base::SystemClock clock_;
  CurlHttpClient client_;
};

class StoreSender final : public PieceSender {
 public:
  explicit StoreSender(std::unique_ptr<OfflineStore> store) : store_(std::move(store)) {}

  PieceOutcome Send(TextPiece piece) override {
    ingest::TextImport import({}, *store_->opened.storage, piece.format, store_->clock.Now());
    base::Status status = import.Add(piece.body);
    if (base::Status finished = import.Finish(); status.ok()) status = std::move(finished);
    PieceOutcome outcome{.status = {}, .counts = import.counts()};
    if (!status.ok()) TakeLineOff(status.message(), status.code(), outcome);
    return outcome;
  }
  // What is sealed needs no replay when the server starts.
  base::Status Finish() override { return store_->opened.storage->Maintain(); }

 private:
  const std::unique_ptr<OfflineStore> store_;
};

}  // namespace

base::Result<std::unique_ptr<PieceSender>> NewServerSender(const DataTarget& target, base::DurationMs retry_for) {
  BW_ASSIGN_OR_RETURN(base::HttpHeaders headers, TargetHeaders(target));
  return std::unique_ptr<PieceSender>(
      std::make_unique<ServerSender>(TargetUrl(target, "/api/v1/import/prometheus"), std::move(headers), retry_for));
}

base::Result<std::unique_ptr<PieceSender>> NewStoreSender(const DataTarget& target, base::DurationMs retention) {
  BW_ASSIGN_OR_RETURN(auto store, OpenOffline(target.storage_path, Access::kWrite, retention));
  return std::unique_ptr<PieceSender>(std::make_unique<StoreSender>(std::move(store)));
}

}  // namespace bellwether::server
