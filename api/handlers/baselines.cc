// Stored references: listed, made from what a query finds, promoted, forgotten.
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "api/handlers/params.h"
#include "api/handlers/routes.h"
#include "api/json/envelope.h"
#include "judge/baseline_store.h"

namespace bellwether::api {
namespace {

void WriteBaseline(JsonWriter& json, const judge::BaselineInfo& info) {
  json.BeginObject().Key("name").String(info.name).Key("version").String(info.version);
  json.Key("createdAt").String(base::FormatRfc3339(info.created_at)).Key("series").Unsigned(info.series);
  json.Key("promoted").Bool(info.is_promoted).Key("promotedAt").BeginArray();
  for (const base::TimestampMs at : info.promoted_at) json.String(base::FormatRfc3339(at));
  json.EndArray().EndObject();
}

base::Result<judge::BaselineStore*> StoreOf(const HandlerContext& context) {
  if (context.baselines == nullptr) return base::Unavailable("this server keeps no baselines");
  return context.baselines;
}

base::Result<std::string> RequiredParam(const HttpRequest& request, const char* name) {
  std::string value = request.Param(name).value_or("");
  if (value.empty()) return InvalidParameter(name, "it is required");
  return value;
}

// The counts that the query finds at its time.
base::Result<std::vector<judge::BaselineSeries>> CountsOf(const HandlerContext& context, const HttpRequest& request) {
  BW_ASSIGN_OR_RETURN(const std::string query, RequiredParam(request, "query"));
  BW_ASSIGN_OR_RETURN(const base::TimestampMs at, TimeParam(request, "time", context.clock.Now()));
  BW_ASSIGN_OR_RETURN(const promql::QueryResult result, context.engine.Instant(context.storage, query, at));
  const auto* vector = std::get_if<promql::Vector>(&result.value);
  if (vector == nullptr)
    return InvalidParameter("query", "a baseline is made of an instant vector, such as increase(x_bucket[7d])");
  std::vector<judge::BaselineSeries> series;
  for (const promql::VectorSample& sample : *vector) series.push_back({sample.labels, sample.value, sample.histogram});
  return series;
}

base::Status CreateBaseline(const HandlerContext& context, const HttpRequest& request, judge::BaselineStore& store) {
  judge::BaselineContent content;
  BW_ASSIGN_OR_RETURN(content.name, RequiredParam(request, "name"));
  content.version = request.Param("version").value_or("");
  bool promotes = false;
  if (const std::string promote = request.Param("promote").value_or(""); !promote.empty()) {
    BW_ASSIGN_OR_RETURN(promotes, ParseGoBool(promote));
  }
  BW_ASSIGN_OR_RETURN(content.series, CountsOf(context, request));
  BW_ASSIGN_OR_RETURN(const judge::BaselineInfo made, store.Create(std::move(content)));
  return promotes ? store.Promote(made.name, made.version) : base::OkStatus();
}

base::Status Baselines(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(judge::BaselineStore * store, StoreOf(context));
  if (request.method == "POST") BW_RETURN_IF_ERROR(CreateBaseline(context, request, *store));
  if (request.method == "DELETE") {
    BW_ASSIGN_OR_RETURN(const std::string name, RequiredParam(request, "name"));
    BW_ASSIGN_OR_RETURN(const std::string version, RequiredParam(request, "version"));
    BW_RETURN_IF_ERROR(store->Delete(name, version));
  }
  RespondData(response, [&](JsonWriter& json) {
    json.BeginArray();
    for (const judge::BaselineInfo& info : store->List()) WriteBaseline(json, info);
    json.EndArray();
  });
  return base::OkStatus();
}

base::Status PromoteBaseline(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(judge::BaselineStore * store, StoreOf(context));
  BW_ASSIGN_OR_RETURN(const std::string name, RequiredParam(request, "name"));
  BW_ASSIGN_OR_RETURN(const std::string version, RequiredParam(request, "version"));
  BW_RETURN_IF_ERROR(store->Promote(name, version));
  RespondData(response, [&](JsonWriter& json) { json.BeginObject().EndObject(); });
  return base::OkStatus();
}

}  // namespace

void AddBaselineRoutes(const HandlerContext& context, RouteTable& routes) {
  routes.push_back(ApiRoute(context, {"GET", "POST", "DELETE"}, "/api/v1/baselines", Baselines));
  routes.push_back(ApiRoute(context, {"POST"}, "/api/v1/baselines/promote", PromoteBaseline, WorkerPool::kAdmin));
}

}  // namespace bellwether::api
