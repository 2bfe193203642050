// The JSON data source API of Grafana (simPod's plugin) and of the old simple-json plugin, under /grafana.
//
// A failure is {"message": M, "error": {"code": C, "message": M}}: panels read the first, the health test the second.
// A target that fails among others that do not becomes an empty frame with an error notice, because a failed answer
// would empty the whole panel.
#include <algorithm>
#include <exception>
#include <memory>
#include <set>

#include "api/handlers/grafana/alert_events.h"
#include "api/handlers/grafana/grafana_frames.h"
#include "api/handlers/grafana/grafana_input.h"
#include "api/handlers/grafana/grafana_target.h"
#include "api/handlers/grafana/grafana_variables.h"
#include "api/handlers/routes.h"
#include "api/handlers/selectors.h"
#include "api/handlers/series_lookup.h"
#include "api/json/envelope.h"
#include "api/json/error_table.h"
#include "base/log.h"

namespace bellwether::api {
namespace {

constexpr std::size_t kMetricEntriesMax = 2000;
constexpr base::DurationMs kAlertHistory = base::Days(30);

void RespondGrafanaError(HttpResponse& response, const base::Status& error) {
  const ErrorKind kind = ErrorKindOf(error.code());
  RespondJson(response, [&](JsonWriter& out) {
    out.BeginObject().Key("message").String(error.message()).Key("error").BeginObject();
    out.Key("code").String(kind.error_type).Key("message").String(error.message()).EndObject().EndObject();
  });
  response.status = kind.http_status;
}

HttpHandler GrafanaHandler(ApiFunction function) {
  return [function = std::move(function)](const HttpRequest& request, HttpResponse& response) {
    base::Status status;
    try {
      status = function(request, response);
    } catch (const std::exception& e) {
      status = base::Internal("answer " + request.path + ": " + e.what());
      BW_LOG_EVERY(std::chrono::seconds(10), kError, "request failed", {"path", request.path}, {"error", status});
    }
    if (!status.ok()) RespondGrafanaError(response, status);
  };
}

base::Status GrafanaHealth(const HandlerContext& context, const HttpRequest&, HttpResponse& response) {
  RespondJson(response, [&](JsonWriter& out) {
    out.BeginObject().Key("status").String("ok").Key("name").String("Bellwether");
    out.Key("version").String(context.version).Key("api").String("Grafana JSON data source (simPod, simple-json)");
    out.EndObject();
  });
  return base::OkStatus();
}

// ---- /query

bool IsAlertAnnotations(const GrafanaTarget& target) { return target.target == kAlertAnnotations; }

base::Result<std::vector<AlertEvent>> AlertEventsIn(const HandlerContext& context, const TimeBounds& range,
                                                    std::span<const metric::Matcher> matchers) {
  BW_ASSIGN_OR_RETURN(const auto transitions, context.history(range.min - kAlertHistory, range.max));
  return AlertEventsOf(transitions, range, context.clock.Now(), matchers, context.standings());
}

base::Result<std::vector<AlertEvent>> AlertEventsForTarget(const HandlerContext& context, const GrafanaQuery& query,
                                                           const GrafanaTarget& target) {
  BW_ASSIGN_OR_RETURN(std::vector<metric::Matcher> matchers, ParseWhere(target.where));
  BW_ASSIGN_OR_RETURN(const FilterMatchers filters, MatchersOf(query.filters));
  matchers.insert(matchers.end(), filters.matchers.begin(), filters.matchers.end());
  matchers.insert(matchers.end(), target.narrowed.begin(), target.narrowed.end());
  return AlertEventsIn(context, query.range, matchers);
}

// What one target came to: frames, alert events, or an error.
struct TargetAnswer {
  base::Status status;
  GrafanaResult result;
  std::optional<std::vector<AlertEvent>> events;
};

TargetAnswer AnswerTarget(const HandlerContext& context, const GrafanaQuery& query, const GrafanaTarget& target,
                          std::stop_token cancel) {
  TargetAnswer answer;
  answer.result.ref_id = target.ref_id;
  answer.result.format = target.format;
  if (IsAlertAnnotations(target)) {
    auto events = AlertEventsForTarget(context, query, target);
    answer.status = events.status();
    if (events.ok()) answer.events = std::move(*events);
    return answer;
  }
  auto result = EvaluateGrafanaTarget(context, query, target, std::move(cancel));
  answer.status = result.status();
  if (result.ok()) answer.result = std::move(*result);
  return answer;
}

base::Status GrafanaQueryEndpoint(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const GrafanaQuery query, ReadGrafanaQuery(request.body, context.clock.Now()));
  const auto answers = std::make_shared<std::vector<TargetAnswer>>();
  for (const GrafanaTarget& target : query.targets) {
    answers->push_back(AnswerTarget(context, query, target, request.client_gone));
  }
  const auto failed = [](const TargetAnswer& answer) { return !answer.status.ok(); };
  if (!answers->empty() && std::all_of(answers->begin(), answers->end(), failed)) return answers->front().status;
  for (TargetAnswer& answer : *answers) {
    if (!failed(answer)) continue;
    answer.result.notices.push_back({"error", answer.result.ref_id + ": " + answer.status.message()});
  }
  response.stream = [answers](BodySink& sink) {
    JsonWriter out(sink);
    out.BeginArray();
    for (const TargetAnswer& answer : *answers) {
      if (answer.events) {
        WriteAlertEventTable(out, answer.result.ref_id, *answer.events);
      } else {
        WriteGrafanaFrames(out, answer.result);
      }
    }
    out.EndArray();
  };
  return base::OkStatus();
}

// ---- /metrics and /metric-payload-options

void WritePayloadOption(JsonWriter& out, std::string_view label, std::string_view value) {
  out.BeginObject().Key("label").String(label).Key("value").String(value).EndObject();
}

void WriteTextPayload(JsonWriter& out, std::string_view name, std::string_view label, std::string_view type,
                      std::string_view placeholder) {
  out.BeginObject().Key("name").String(name).Key("label").String(label).Key("type").String(type);
  out.Key("placeholder").String(placeholder).EndObject();
}

void WriteFormatPayloads(JsonWriter& out) {
  out.BeginObject().Key("name").String("format").Key("label").String("Format").Key("type").String("select");
  out.Key("options").BeginArray();
  WritePayloadOption(out, "Time series", "time_series");
  WritePayloadOption(out, "Table", "table");
  WritePayloadOption(out, "Frame (keeps NaN)", "frame");
  out.EndArray().EndObject();
  out.BeginObject().Key("name").String("instant").Key("label").String("Instant").Key("type").String("select");
  out.Key("options").BeginArray();
  WritePayloadOption(out, "Last value only", "true");
  WritePayloadOption(out, "Whole range", "false");
  out.EndArray().EndObject();
  WriteTextPayload(out, "legend", "Legend", "input", "{{model}} {{version}}");
}

void WriteLabelPayloads(JsonWriter& out) {
  for (const auto& [name, label] :
       {std::pair("model", "Model"), std::pair("version", "Version"), std::pair("feature", "Feature")}) {
    out.BeginObject()
        .Key("name")
        .String(name)
        .Key("label")
        .String(label)
        .Key("type")
        .String("multi-select")
        .EndObject();
  }
  WriteTextPayload(out, "where", "Where", "input", "team=\"risk\", region=~\"eu-.*\"");
}

enum class MetricEntry { kSeries, kPromql, kAlerts };

void WriteMetricEntry(JsonWriter& out, std::string_view label, std::string_view value, MetricEntry kind) {
  out.BeginObject().Key("label").String(label).Key("value").String(value).Key("payloads").BeginArray();
  if (kind == MetricEntry::kPromql) WriteTextPayload(out, "query", "PromQL", "textarea", "avg by (model) (...)");
  if (kind != MetricEntry::kAlerts) WriteFormatPayloads(out);
  WriteLabelPayloads(out);
  out.EndArray().EndObject();
}

base::Status GrafanaMetrics(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const Json body, ParseJsonBody(request.body));
  const std::string current = JsonText(body, "metric");
  BW_ASSIGN_OR_RETURN(std::vector<std::string> names, MetricNames(context, "", kAllTime));
  if (names.size() > kMetricEntriesMax) names.resize(kMetricEntriesMax);
  // The editor looks for what is chosen in the answer.
  const bool listed = current.empty() || current == kPromqlTarget || current == kAlertAnnotations ||
                      std::find(names.begin(), names.end(), current) != names.end();
  if (!listed) names.push_back(current);
  RespondJson(response, [&](JsonWriter& out) {
    out.BeginArray();
    WriteMetricEntry(out, "PromQL", kPromqlTarget, MetricEntry::kPromql);
    WriteMetricEntry(out, "Alerts (annotations)", kAlertAnnotations, MetricEntry::kAlerts);
    for (const std::string& name : names) WriteMetricEntry(out, name, name, MetricEntry::kSeries);
    out.EndArray();
  });
  return base::OkStatus();
}

base::Status GrafanaPayloadOptions(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const Json body, ParseJsonBody(request.body));
  const std::string name = JsonText(body, "name");
  const std::string metric = JsonText(body, "metric");
  const Json& payload = JsonMember(body, "payload");
  std::vector<std::string> options;
  if (name == "model" || name == "version" || name == "feature") {
    std::vector<metric::Matcher> matchers;
    if (metric::IsLegacyMetricName(metric) && metric != kPromqlTarget) {
      matchers.push_back(metric::Matcher::Equal(std::string(metric::kMetricName), metric));
    }
    for (const char* label : {"model", "version", "feature"}) {
      const auto values = JsonTexts(payload, label);
      if (label != name && !values.empty()) matchers.push_back(OneOfMatcher(label, values));
    }
    SelectorList selectors;
    if (!matchers.empty()) selectors.push_back(std::move(matchers));
    BW_ASSIGN_OR_RETURN(auto found, FindLabelValues(context.storage, name, {selectors, kAllTime, kVariableOptionsMax}));
    options = std::move(found.items);
  }
  RespondJson(response, [&](JsonWriter& out) {
    out.BeginArray();
    for (const std::string& option : options) WritePayloadOption(out, option, option);
    out.EndArray();
  });
  return base::OkStatus();
}

// ---- /variable and /search

base::Status GrafanaVariable(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const Json body, ParseJsonBody(request.body));
  BW_ASSIGN_OR_RETURN(const TimeBounds range, ReadGrafanaRange(body, "range", context.clock.Now()));
  const Json& payload = JsonMember(body, "payload");
  BW_ASSIGN_OR_RETURN(const std::vector<std::string> options,
                      VariableOptions(context, payload.is_null() ? body : payload, range));
  RespondJson(response, [&](JsonWriter& out) {
    out.BeginArray();
    for (const std::string& option : options) {
      out.BeginObject().Key("__text").String(option).Key("__value").String(option).EndObject();
    }
    out.EndArray();
  });
  return base::OkStatus();
}

// simple-json: metric names that contain the text, or the options of a variable call.
base::Status GrafanaSearch(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const Json body, ParseJsonBody(request.body));
  BW_ASSIGN_OR_RETURN(const TimeBounds range, ReadGrafanaRange(body, "range", context.clock.Now()));
  const Json& target = JsonMember(body, "target");
  std::vector<std::string> found;
  if (target.is_object() || !ParseVariableCall(JsonText(body, "target")).name.empty()) {
    BW_ASSIGN_OR_RETURN(found, VariableOptions(context, target, range));
  } else {
    const std::string part = JsonText(body, "target");
    BW_ASSIGN_OR_RETURN(found, MetricNames(context, "", kAllTime));
    std::erase_if(found, [&](const std::string& name) { return name.find(part) == std::string::npos; });
  }
  RespondJson(response, [&](JsonWriter& out) {
    out.BeginArray();
    for (const std::string& text : found) out.String(text);
    out.EndArray();
  });
  return base::OkStatus();
}

// ---- /tag-keys and /tag-values

// The selectors of the panel's targets, each with the filters; the filters alone where there are no targets.
base::Result<SelectorList> TagSelectors(const HandlerContext& context, const Json& body, const TimeBounds& range,
                                        std::string_view except_key) {
  BW_ASSIGN_OR_RETURN(const FilterMatchers filters, MatchersOf(ReadAdHocFilters(body), except_key));
  SelectorList selectors;
  const Json& queries = JsonMember(body, "queries");
  for (const Json& query : queries.is_array() ? queries : Json::array()) {
    std::string text = JsonText(JsonMember(query, "payload"), "query");
    if (text.empty()) text = JsonText(query, "target");
    if (text.empty()) text = JsonText(query, "expr");
    if (text.empty() || text == kAlertAnnotations) continue;
    const auto expr = ResolveGrafanaText(context, text, range);
    if (!expr.ok()) continue;  // A half-written query narrows nothing.
    for (auto& selector : SelectorsOf(**expr)) selectors.push_back(std::move(selector));
  }
  if (selectors.empty() && !filters.matchers.empty()) selectors.emplace_back();
  for (auto& selector : selectors) {
    selector.insert(selector.end(), filters.matchers.begin(), filters.matchers.end());
  }
  return selectors;
}

base::Result<TimeBounds> TagRange(const HandlerContext& context, const Json& body) {
  const char* key = JsonMember(body, "timeRange").is_object() ? "timeRange" : "range";
  if (!JsonMember(body, key).is_object()) return kAllTime;
  return ReadGrafanaRange(body, key, context.clock.Now());
}

base::Status GrafanaTagKeys(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const Json body, ParseJsonBody(request.body));
  BW_ASSIGN_OR_RETURN(const TimeBounds range, TagRange(context, body));
  BW_ASSIGN_OR_RETURN(const SelectorList selectors, TagSelectors(context, body, range, ""));
  BW_ASSIGN_OR_RETURN(const auto names, FindLabelNames(context.storage, {selectors, range, kVariableOptionsMax}));
  RespondJson(response, [&](JsonWriter& out) {
    out.BeginArray();
    for (const std::string& name : names.items) {
      if (name == metric::kMetricName) continue;
      out.BeginObject().Key("type").String("string").Key("text").String(name).EndObject();
    }
    out.EndArray();
  });
  return base::OkStatus();
}

base::Status GrafanaTagValues(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const Json body, ParseJsonBody(request.body));
  const std::string key = JsonText(body, "key");
  BW_ASSIGN_OR_RETURN(const TimeBounds range, TagRange(context, body));
  BW_ASSIGN_OR_RETURN(const SelectorList selectors, TagSelectors(context, body, range, key));
  LimitedList<std::string> values;
  if (!key.empty()) {
    BW_ASSIGN_OR_RETURN(values, FindLabelValues(context.storage, key, {selectors, range, kVariableOptionsMax}));
  }
  RespondJson(response, [&](JsonWriter& out) {
    out.BeginArray();
    for (const std::string& value : values.items) out.BeginObject().Key("text").String(value).EndObject();
    out.EndArray();
  });
  return base::OkStatus();
}

// ---- /annotations

base::Status GrafanaAnnotations(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const Json body, ParseJsonBody(request.body));
  BW_ASSIGN_OR_RETURN(const TimeBounds range, ReadGrafanaRange(body, "range", context.clock.Now()));
  const Json& annotation = JsonMember(body, "annotation");
  std::string where = JsonText(annotation, "query");
  if (where == kAlertAnnotations || where == "alerts") where.clear();
  BW_ASSIGN_OR_RETURN(const std::vector<metric::Matcher> matchers, ParseWhere(where));
  BW_ASSIGN_OR_RETURN(const std::vector<AlertEvent> events, AlertEventsIn(context, range, matchers));
  // Invalid UTF-8 in what is echoed is replaced rather than thrown at.
  const std::string echo = annotation.dump(-1, ' ', false, Json::error_handler_t::replace);
  RespondJson(response, [&](JsonWriter& out) { WriteAlertEventList(out, echo, events); });
  return base::OkStatus();
}

}  // namespace

void AddGrafanaRoutes(const HandlerContext& context, RouteTable& routes) {
  using Handler = base::Status (*)(const HandlerContext&, const HttpRequest&, HttpResponse&);
  const auto add = [&](const char* method, std::string path, Handler handler, WorkerPool pool = WorkerPool::kQuery) {
    routes.push_back({{method},
                      std::move(path),
                      pool,
                      GrafanaHandler([&context, handler](const HttpRequest& request, HttpResponse& response) {
                        return handler(context, request, response);
                      })});
  };
  add("GET", "/grafana", GrafanaHealth);
  add("POST", "/grafana/metrics", GrafanaMetrics);
  add("POST", "/grafana/metric-payload-options", GrafanaPayloadOptions);
  add("POST", "/grafana/query", GrafanaQueryEndpoint);
  add("POST", "/grafana/variable", GrafanaVariable);
  add("POST", "/grafana/search", GrafanaSearch);
  add("POST", "/grafana/tag-keys", GrafanaTagKeys);
  add("POST", "/grafana/tag-values", GrafanaTagValues);
  add("POST", "/grafana/annotations", GrafanaAnnotations);
}

}  // namespace bellwether::api
