// What there is: series, label names, label values, metric metadata.
#include <fmt/format.h>

#include <limits>
#include <map>

#include "api/handlers/params.h"
#include "api/handlers/routes.h"
#include "api/handlers/series_lookup.h"
#include "api/json/envelope.h"
#include "api/json/value_json.h"
#include "base/quote.h"
#include "base/utf8.h"

namespace bellwether::api {
namespace {

struct MetadataParams {
  std::size_t limit = 0;
  TimeBounds bounds = kAllTime;
  SelectorList selectors;

  [[nodiscard]] LookupScope Scope() const { return {selectors, bounds, limit}; }
};

base::Result<MetadataParams> ReadMetadataParams(const HttpRequest& request) {
  MetadataParams params;
  BW_ASSIGN_OR_RETURN(params.limit, LimitParam(request));
  BW_ASSIGN_OR_RETURN(params.bounds, BoundsParams(request));
  auto selectors = ParseSelectors(request.ParamAll("match[]"));
  if (!selectors.ok()) return InvalidParameter("match[]", selectors.status().message());
  params.selectors = std::move(*selectors);
  return params;
}

Notices TruncationNotice(bool truncated) {
  Notices notices;
  if (truncated) notices.warnings.emplace_back("results truncated due to limit");
  return notices;
}

void RespondStrings(HttpResponse& response, LimitedList<std::string> list) {
  const Notices notices = TruncationNotice(list.truncated);
  RespondDataStreamed(
      response,
      [items = std::move(list.items)](JsonWriter& json) {
        json.BeginArray();
        for (const std::string& item : items) json.String(item);
        json.EndArray();
      },
      notices);
}

base::Status Series(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  if (request.ParamAll("match[]").empty()) return base::InvalidArgument("no match[] parameter provided");
  BW_ASSIGN_OR_RETURN(const MetadataParams params, ReadMetadataParams(request));
  BW_ASSIGN_OR_RETURN(LimitedList<metric::Labels> found, FindSeries(context.storage, params.Scope()));
  const Notices notices = TruncationNotice(found.truncated);
  RespondDataStreamed(
      response,
      [items = std::move(found.items)](JsonWriter& json) {
        json.BeginArray();
        for (const metric::Labels& labels : items) WriteLabels(json, labels);
        json.EndArray();
      },
      notices);
  return base::OkStatus();
}

base::Status LabelNames(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const MetadataParams params, ReadMetadataParams(request));
  BW_ASSIGN_OR_RETURN(LimitedList<std::string> names, FindLabelNames(context.storage, params.Scope()));
  RespondStrings(response, std::move(names));
  return base::OkStatus();
}

base::Status LabelValues(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  const std::string name = UnescapeLabelName(request.PathParam("name"));
  if (name.empty() || !base::IsValidUtf8(name)) {
    return base::InvalidArgument("invalid label name: " + base::Quote(name));
  }
  BW_ASSIGN_OR_RETURN(const MetadataParams params, ReadMetadataParams(request));
  BW_ASSIGN_OR_RETURN(LimitedList<std::string> values, FindLabelValues(context.storage, name, params.Scope()));
  RespondStrings(response, std::move(values));
  return base::OkStatus();
}

// 0 and absent: no limit. Negative ones too, as upstream reads them.
base::Result<std::size_t> MetadataLimit(const HttpRequest& request, std::string_view name) {
  const std::string text = request.Param(name).value_or("");
  if (text.empty()) return std::numeric_limits<std::size_t>::max();
  const auto n = ParseGoInteger(text, "Atoi");
  if (!n.ok()) return base::InvalidArgument(fmt::format("{} must be a number", name));
  return *n <= 0 ? std::numeric_limits<std::size_t>::max() : static_cast<std::size_t>(*n);
}

base::Status MetricMetadata(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const std::size_t limit, MetadataLimit(request, "limit"));
  BW_ASSIGN_OR_RETURN(const std::size_t limit_per_metric, MetadataLimit(request, "limit_per_metric"));
  std::map<std::string, std::vector<storage::MetricMetadata>> by_metric;
  for (storage::MetricMetadata& m : context.storage.Metadata(request.Param("metric").value_or(""))) {
    if (by_metric.size() == limit && !by_metric.contains(m.metric)) break;
    auto& entries = by_metric[m.metric];
    const bool known = std::find(entries.begin(), entries.end(), m) != entries.end();
    if (!known && entries.size() < limit_per_metric) entries.push_back(std::move(m));
  }
  RespondData(response, [&](JsonWriter& json) {
    json.BeginObject();
    for (const auto& [metric, entries] : by_metric) {
      json.Key(metric).BeginArray();
      for (const storage::MetricMetadata& m : entries) {
        json.BeginObject().Key("type").String(storage::MetricTypeName(m.type)).Key("unit").String(m.unit);
        json.Key("help").String(m.help).EndObject();
      }
      json.EndArray();
    }
    json.EndObject();
  });
  return base::OkStatus();
}

}  // namespace

void AddMetadataRoutes(const HandlerContext& context, RouteTable& routes) {
  const auto add = [&](const std::vector<std::string>& methods, const char* path, const ContextFunction& function) {
    routes.push_back(ApiRoute(context, methods, path, function));
  };
  add({"GET", "POST"}, "/api/v1/series", Series);
  add({"GET", "POST"}, "/api/v1/labels", LabelNames);
  add({"GET"}, "/api/v1/label/{name}/values", LabelValues);
  add({"GET"}, "/api/v1/metadata", MetricMetadata);
}

}  // namespace bellwether::api
