// Text in and out: back-fill by POST /api/v1/import/prometheus, and the same back by GET /api/v1/export/prometheus.
//
// An import answers 204 without a body, as VictoriaMetrics does, with the counts in headers; who accepts JSON gets them
// in a body. What was refused makes it 400 with one line, while everything else is kept.
#include <fmt/format.h>

#include <exception>
#include <memory>

#include "api/handlers/params.h"
#include "api/handlers/routes.h"
#include "api/json/envelope.h"
#include "base/log.h"
#include "ingest/text_export.h"

namespace bellwether::api {
namespace {

void WriteImportCounts(const ingest::ImportCounts& counts, JsonWriter& json) {
  json.BeginObject().Key("lines").Unsigned(counts.lines).Key("samples").Unsigned(counts.samples);
  json.Key("exemplars").Unsigned(counts.exemplars).Key("refusedSeries").Unsigned(counts.refused_series);
  json.Key("refused").BeginObject();
  for (std::size_t i = 1; i < storage::kRefusals; ++i) {
    json.Key(storage::RefusalName(static_cast<storage::Refusal>(i))).Unsigned(counts.refused[i]);
  }
  json.EndObject().EndObject();
}

void AnswerImportAsJson(const ingest::ImportOutcome& outcome, HttpResponse& response) {
  RespondJson(response, [&](JsonWriter& json) {
    json.BeginObject().Key("status").PlainString(outcome.http_status == 204 ? "success" : "error");
    if (outcome.http_status != 204) json.Key("error").String(outcome.message);
    json.Key("stopped").Bool(outcome.stopped).Key("data");
    WriteImportCounts(outcome.counts, json);
    json.EndObject();
  });
  response.status = outcome.http_status == 204 ? 200 : outcome.http_status;
}

void ImportText(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  if (request.Param("extra_label")) {
    return RespondText(response, 400, "extra_label is not supported; write the label into the lines\n");
  }
  const ingest::ImportOutcome outcome = context.import_text({.body = request.body,
                                                             .content_type = request.Header("Content-Type"),
                                                             .content_encoding = request.Header("Content-Encoding")});
  if (request.Header("Accept").find("application/json") != std::string_view::npos) {
    AnswerImportAsJson(outcome, response);
  } else if (outcome.http_status == 204) {
    response.status = 204;
  } else {
    RespondText(response, outcome.http_status, outcome.message + "\n");
  }
  response.headers.emplace_back("X-Bellwether-Samples-Taken", std::to_string(outcome.counts.samples));
  response.headers.emplace_back("X-Bellwether-Samples-Refused", std::to_string(outcome.counts.TotalRefused()));
  if (outcome.http_status == 503) response.headers.emplace_back("Retry-After", "5");
}

base::Result<ingest::TextExportOptions> ReadExportOptions(const HttpRequest& request) {
  ingest::TextExportOptions options;
  BW_ASSIGN_OR_RETURN(const TimeBounds bounds, BoundsParams(request));
  options.min = bounds.min;
  options.max = bounds.max;
  BW_ASSIGN_OR_RETURN(options.selectors, ParseSelectors(ListParam(request, "match")));
  const std::string format = request.Param("format").value_or("openmetrics");
  if (format != "openmetrics" && format != "prometheus") {
    return InvalidParameter("format", "neither \"openmetrics\" nor \"prometheus\"");
  }
  if (format == "prometheus") options.format = ingest::TextFormat::kPrometheus;
  BW_ASSIGN_OR_RETURN(options.portable, ParseGoBool(request.Param("portable").value_or("false")));
  return options;
}

// The last line of an export whose reader asked for it: that it is whole, and what it has no form for.
std::string SummaryLine(const ingest::ExportCounts& counts) {
  return fmt::format(
      "# SUMMARY series={} samples={} histograms_left_out={} starts_left_out={} stale_left_out={} nans_changed={}\n",
      counts.series, counts.samples, counts.histograms_left_out, counts.starts_left_out, counts.stale_left_out,
      counts.nans_changed);
}

base::Status ExportAsText(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const ingest::TextExportOptions options, ReadExportOptions(request));
  BW_ASSIGN_OR_RETURN(const bool summary, ParseGoBool(request.Param("summary").value_or("false")));
  response.content_type = options.format == ingest::TextFormat::kOpenMetrics
                              ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                              : "text/plain; version=0.0.4; charset=utf-8";
  response.stream = [&context, options, summary](BodySink& sink) {
    ingest::ExportCounts counts;
    const base::Status status = ingest::ExportText(
        context.storage, options, [&](std::string_view piece) { return sink.Write(piece); }, counts);
    if (status.ok()) {
      if (summary) sink.Write(SummaryLine(counts));
    } else if (status.code() != base::StatusCode::kCancelled) {
      BW_LOG_EVERY(std::chrono::seconds(10), kError, "export failed", {"error", status});
      sink.Write("# ERROR " + status.message() + "\n");
    }
  };
  return {};
}

}  // namespace

void AddTextRoutes(const HandlerContext& context, RouteTable& routes) {
  routes.push_back({{"POST"},
                    "/api/v1/import/prometheus",
                    WorkerPool::kIngest,
                    [&context](const HttpRequest& request, HttpResponse& response) {
                      try {
                        ImportText(context, request, response);
                      } catch (const std::exception& e) {
                        BW_LOG_EVERY(std::chrono::seconds(10), kError, "import failed", {"error", e.what()});
                        RespondText(response, 500, "internal error while importing\n");
                      }
                    }});
  routes.push_back({{"GET", "POST"},
                    "/api/v1/export/prometheus",
                    WorkerPool::kQuery,
                    ApiHandler(context, [&context](const HttpRequest& request, HttpResponse& response) {
                      return ExportAsText(context, request, response);
                    })});
}

}  // namespace bellwether::api
