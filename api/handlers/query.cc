// The endpoints that take PromQL: query, query_range, query_explain, query_exemplars, format_query, parse_query.
#include <fmt/format.h>

#include <memory>

#include "api/handlers/params.h"
#include "api/handlers/routes.h"
#include "api/handlers/selectors.h"
#include "api/json/envelope.h"
#include "api/json/explain_json.h"
#include "api/json/expr_json.h"
#include "api/json/value_json.h"
#include "base/quote.h"

namespace bellwether::api {
namespace {

constexpr std::int64_t kPointsMax = 11'000;
constexpr std::string_view kTruncated = "results truncated due to limit";

base::Status ReadTimeout(const HttpRequest& request, promql::QueryOptions& options) {
  const std::string text = request.Param("timeout").value_or("");
  if (text.empty()) return base::OkStatus();
  const auto timeout = ParseApiDuration(text);
  if (!timeout.ok()) return InvalidParameter("timeout", timeout.status().message());
  // Zero means the engine's own to the engine; here it means that there is no time at all.
  options.timeout = std::max(*timeout, base::Milliseconds(1));
  return base::OkStatus();
}

base::Status ReadLookback(const HttpRequest& request, promql::QueryOptions& options) {
  const std::string text = request.Param("lookback_delta").value_or("");
  if (text.empty()) return base::OkStatus();
  const auto lookback = ParseApiDuration(text);
  if (!lookback.ok()) {
    return base::InvalidArgument("error parsing lookback delta duration: " + lookback.status().message());
  }
  if (*lookback > base::DurationMs(0)) options.lookback = *lookback;
  return base::OkStatus();
}

// The engine's error as the API tells it.
base::Status QueryError(const base::Status& error) {
  if (error.code() == base::StatusCode::kInvalidArgument) return InvalidParameter("query", error.message());
  return error;
}

// Grafana's query inspector reads these.
std::string ServerTiming(const promql::QueryStats& stats) {
  return fmt::format("querier_wall_time;dur={:.3f}, response_time;dur={:.3f}, samples_processed;val={}",
                     stats.eval_total_s * 1000, stats.total_s * 1000, stats.total_queryable_samples);
}

// Evaluates, and tells the query log. A query that does not parse was never one.
template <typename Evaluate>
base::Result<promql::QueryResult> RunLogged(const HandlerContext& context, const HttpRequest& request,
                                            LoggedQuery logged, const Evaluate& evaluate) {
  const std::int64_t began_ns = context.clock.MonotonicNanos();
  base::Result<promql::QueryResult> result = evaluate();
  if (context.query_log == nullptr || result.status().code() == base::StatusCode::kInvalidArgument) return result;
  const std::string error = result.ok() ? std::string() : result.status().message();
  logged.now = context.clock.Now();
  if (result.ok()) logged.stats = &result->stats;
  logged.error = error;
  logged.took_s = static_cast<double>(context.clock.MonotonicNanos() - began_ns) / 1e9;
  logged.client_address = request.remote_address;
  logged.method = request.method;
  logged.path = request.path;
  context.query_log->Note(logged);
  return result;
}

void RespondQuery(const HttpRequest& request, HttpResponse& response, promql::QueryResult result, std::size_t limit) {
  Notices notices{std::move(result.annotations.warnings), std::move(result.annotations.infos)};
  if (TruncateValue(result.value, limit)) notices.warnings.emplace_back(kTruncated);
  const std::string stats = request.Param("stats").value_or("");
  if (!stats.empty() && stats != "true" && stats != "all") {
    notices.warnings.push_back(
        fmt::format("value {} for parameter \"stats\" is deprecated and will be rejected in the next major release, "
                    "use \"true\" or \"all\"",
                    base::Quote(stats)));
  }
  response.headers.emplace_back("Server-Timing", ServerTiming(result.stats));
  const auto kept = std::make_shared<const promql::QueryResult>(std::move(result));
  RespondDataStreamed(
      response,
      [kept, with_stats = !stats.empty()](JsonWriter& json) {
        json.BeginObject().Key("resultType").String(ResultType(kept->value)).Key("result");
        WriteValue(json, kept->value);
        if (with_stats) {
          json.Key("stats");
          WriteQueryStats(json, kept->stats);
        }
        json.EndObject();
      },
      std::move(notices));
}

struct RangeParams {
  base::TimestampMs start;
  base::TimestampMs end;
  base::DurationMs step;
};

base::Result<RangeParams> ReadRange(const HttpRequest& request) {
  RangeParams range;
  BW_ASSIGN_OR_RETURN(range.start, RequiredTimeParam(request, "start"));
  BW_ASSIGN_OR_RETURN(range.end, RequiredTimeParam(request, "end"));
  if (range.end < range.start) return InvalidParameter("end", "end timestamp must not be before start time");
  const auto step = ParseApiDuration(request.Param("step").value_or(""));
  if (!step.ok()) return InvalidParameter("step", step.status().message());
  range.step = *step;
  if (range.step <= base::DurationMs(0)) {
    return InvalidParameter("step",
                            "zero or negative query resolution step widths are not accepted. Try a positive integer");
  }
  if ((range.end - range.start).ms / range.step.ms > kPointsMax) {
    return base::InvalidArgument(
        "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)");
  }
  return range;
}

base::Result<promql::QueryOptions> ReadOptions(const HttpRequest& request) {
  promql::QueryOptions options;
  options.cancel = request.client_gone;
  BW_RETURN_IF_ERROR(ReadTimeout(request, options));
  BW_RETURN_IF_ERROR(ReadLookback(request, options));
  options.per_step_stats = request.Param("stats").value_or("") == "all";
  return options;
}

enum class Explain : unsigned char { kNo, kYes };

base::Result<promql::QueryResult> EvaluateInstant(const HandlerContext& context, const HttpRequest& request,
                                                  Explain explain) {
  BW_ASSIGN_OR_RETURN(const base::TimestampMs at, TimeParam(request, "time", context.clock.Now()));
  BW_ASSIGN_OR_RETURN(promql::QueryOptions options, ReadOptions(request));
  options.explain = explain == Explain::kYes;
  const std::string query = request.Param("query").value_or("");
  auto result = RunLogged(context, request, {.query = query, .start = at, .end = at},
                          [&] { return context.engine.Instant(context.storage, query, at, options); });
  if (!result.ok()) return QueryError(result.status());
  return result;
}

base::Result<promql::QueryResult> EvaluateRange(const HandlerContext& context, const HttpRequest& request,
                                                Explain explain) {
  BW_ASSIGN_OR_RETURN(const RangeParams range, ReadRange(request));
  BW_ASSIGN_OR_RETURN(promql::QueryOptions options, ReadOptions(request));
  options.explain = explain == Explain::kYes;
  const std::string query = request.Param("query").value_or("");
  auto result = RunLogged(
      context, request, {.query = query, .start = range.start, .end = range.end, .step = range.step},
      [&] { return context.engine.Range(context.storage, query, range.start, range.end, range.step, options); });
  if (!result.ok()) return QueryError(result.status());
  return result;
}

base::Status Query(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const std::size_t limit, LimitParam(request));
  BW_ASSIGN_OR_RETURN(promql::QueryResult result, EvaluateInstant(context, request, Explain::kNo));
  RespondQuery(request, response, std::move(result), limit);
  return base::OkStatus();
}

base::Status QueryRange(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const std::size_t limit, LimitParam(request));
  BW_ASSIGN_OR_RETURN(promql::QueryResult result, EvaluateRange(context, request, Explain::kNo));
  RespondQuery(request, response, std::move(result), limit);
  return base::OkStatus();
}

// Evaluates, at steps if there is one of their parameters, and tells how instead of what.
base::Status QueryExplain(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  const bool ranged = request.Param("start") || request.Param("end") || request.Param("step");
  BW_ASSIGN_OR_RETURN(promql::QueryResult result, ranged ? EvaluateRange(context, request, Explain::kYes)
                                                         : EvaluateInstant(context, request, Explain::kYes));
  Notices notices{std::move(result.annotations.warnings), std::move(result.annotations.infos)};
  RespondData(
      response, [&](JsonWriter& json) { WriteExplanation(json, result); }, notices);
  return base::OkStatus();
}

void WriteExemplarSeries(JsonWriter& json, const storage::ExemplarSeries& series) {
  json.BeginObject().Key("seriesLabels");
  WriteLabels(json, series.labels);
  json.Key("exemplars").BeginArray();
  for (const storage::Exemplar& exemplar : series.exemplars) {
    json.BeginObject().Key("labels");
    WriteLabels(json, exemplar.labels);
    json.Key("value").QuotedNumber(exemplar.value).Key("timestamp").Seconds(exemplar.timestamp).EndObject();
  }
  json.EndArray().EndObject();
}

base::Status QueryExemplars(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const TimeBounds bounds, BoundsParams(request));
  if (bounds.max < bounds.min) return base::InvalidArgument("end timestamp must not be before start timestamp");
  BW_ASSIGN_OR_RETURN(const promql::ExprPtr expr,
                      promql::Parse(request.Param("query").value_or(""), context.engine.options().parser));
  const SelectorList selectors = SelectorsOf(*expr);
  if (selectors.empty()) {
    response.status = 204;
    return base::OkStatus();
  }
  BW_ASSIGN_OR_RETURN(const std::vector<storage::ExemplarSeries> found,
                      context.storage.Exemplars(bounds.min, bounds.max, selectors));
  RespondData(response, [&](JsonWriter& json) {
    json.BeginArray();
    for (const storage::ExemplarSeries& series : found) WriteExemplarSeries(json, series);
    json.EndArray();
  });
  return base::OkStatus();
}

base::Result<promql::ExprPtr> ParseQueryParam(const HandlerContext& context, const HttpRequest& request) {
  auto expr = promql::Parse(request.Param("query").value_or(""), context.engine.options().parser);
  if (!expr.ok()) return InvalidParameter("query", expr.status().message());
  return expr;
}

base::Status FormatQuery(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const promql::ExprPtr expr, ParseQueryParam(context, request));
  RespondData(response, [&](JsonWriter& json) { json.String(promql::PrettyPrint(*expr)); });
  return base::OkStatus();
}

base::Status ParseQuery(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const promql::ExprPtr expr, ParseQueryParam(context, request));
  RespondData(response, [&](JsonWriter& json) { WriteExpr(json, *expr); });
  return base::OkStatus();
}

}  // namespace

void AddQueryRoutes(const HandlerContext& context, RouteTable& routes) {
  const auto add = [&](const char* path, const ContextFunction& function) {
    routes.push_back(ApiRoute(context, {"GET", "POST"}, path, function));
  };
  add("/api/v1/query", Query);
  add("/api/v1/query_range", QueryRange);
  add("/api/v1/query_explain", QueryExplain);
  add("/api/v1/query_exemplars", QueryExemplars);
  add("/api/v1/format_query", FormatQuery);
  add("/api/v1/parse_query", ParseQuery);
}

}  // namespace bellwether::api
