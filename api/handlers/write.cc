// Remote write: hands the body to ingest and tells its outcome. Errors are plain text, not JSON: senders log the line.
#include <exception>

#include "api/handlers/routes.h"
#include "api/json/envelope.h"
#include "base/log.h"

namespace bellwether::api {
namespace {

void AddWrittenCounts(const ingest::WriteOutcome& outcome, HttpResponse& response) {
  const auto add = [&](const char* name, std::uint64_t n) { response.headers.emplace_back(name, std::to_string(n)); };
  add("X-Prometheus-Remote-Write-Samples-Written", outcome.floats_written);
  add("X-Prometheus-Remote-Write-Histograms-Written", outcome.histograms_written);
  add("X-Prometheus-Remote-Write-Exemplars-Written", outcome.exemplars_written);
}

void RemoteWrite(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  const std::int64_t began_ns = context.clock.MonotonicNanos();
  const ingest::WriteOutcome outcome = context.write({.body = request.body,
                                                      .content_type = request.Header("Content-Type"),
                                                      .content_encoding = request.Header("Content-Encoding")});
  context.senders->Note({.address = request.remote_address,
                         .user_agent = request.Header("User-Agent"),
                         .at = context.clock.Now(),
                         .took_s = static_cast<double>(context.clock.MonotonicNanos() - began_ns) / 1e9,
                         .samples = outcome.floats_written + outcome.histograms_written,
                         .error = outcome.http_status < 300 ? std::string_view() : outcome.message});
  if (outcome.http_status == 204) {
    response.status = 204;
    response.body.clear();
  } else {
    RespondText(response, outcome.http_status, outcome.message + "\n");
    if (outcome.http_status == 503) response.headers.emplace_back("Retry-After", "5");
  }
  if (outcome.version_2) AddWrittenCounts(outcome, response);
}

}  // namespace

void AddWriteRoutes(const HandlerContext& context, RouteTable& routes) {
  routes.push_back(
      {{"POST"}, "/api/v1/write", WorkerPool::kIngest, [&context](const HttpRequest& request, HttpResponse& response) {
         try {
           RemoteWrite(context, request, response);
         } catch (const std::exception& e) {
           BW_LOG_EVERY(std::chrono::seconds(10), kError, "remote write failed", {"error", e.what()});
           RespondText(response, 500, "internal error while writing samples\n");
         }
       }});
}

}  // namespace bellwether::api
