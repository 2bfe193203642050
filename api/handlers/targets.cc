// Targets as a server has them that receives: the senders seen, in one pool. Nothing is scraped, relabelled or dropped.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/handlers/params.h"
#include "api/handlers/routes.h"
#include "api/handlers/sender_table.h"
#include "api/json/envelope.h"
#include "base/quote.h"

namespace bellwether::api {
namespace {

constexpr std::string_view kSenderPool = "remote_write";
constexpr base::DurationMs kSenderSilence = base::Minutes(5);  // After it nobody knows.

std::string_view SenderHealth(const Sender& sender, base::TimestampMs now) {
  if (now - sender.last_write > kSenderSilence) return "unknown";
  return sender.last_error.empty() ? "up" : "down";
}

void WriteSender(JsonWriter& json, const Sender& sender, base::TimestampMs now) {
  json.BeginObject().Key("discoveredLabels").BeginObject().Key("__address__").PlainString(sender.address);
  json.Key("__user_agent__").PlainString(sender.user_agent).EndObject();
  json.Key("labels").BeginObject().Key("instance").PlainString(sender.address).Key("job").PlainString(kSenderPool);
  json.Key("user_agent").PlainString(sender.user_agent).EndObject();
  json.Key("scrapePool").String(kSenderPool).Key("scrapeUrl").String("").Key("globalUrl").String("");
  json.Key("lastError").String(sender.last_error).Key("lastScrape").String(base::FormatRfc3339(sender.last_write));
  json.Key("lastScrapeDuration").Number(sender.last_write_s).Key("health").String(SenderHealth(sender, now));
  json.Key("scrapeInterval").String("0s").Key("scrapeTimeout").String("0s");
  json.Key("firstWrite").String(base::FormatRfc3339(sender.first_write)).Key("requests").Unsigned(sender.requests);
  json.Key("requestsRefused").Unsigned(sender.requests_refused).Key("samples").Unsigned(sender.samples).EndObject();
}

base::Status Targets(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  const std::string state = request.Param("state").value_or("");
  const std::string pool = request.Param("scrapePool").value_or("");
  const bool shown = state != "dropped" && (pool.empty() || pool == kSenderPool);
  const std::vector<Sender> senders = shown ? context.senders->All() : std::vector<Sender>();
  RespondData(response, [&](JsonWriter& json) {
    json.BeginObject().Key("activeTargets").BeginArray();
    for (const Sender& sender : senders) WriteSender(json, sender, context.clock.Now());
    json.EndArray().Key("droppedTargets").BeginArray().EndArray();
    json.Key("droppedTargetCounts").BeginObject().EndObject().EndObject();
  });
  return base::OkStatus();
}

// Metadata come without the target they are from; /api/v1/metadata has them.
base::Status TargetMetadata(const HandlerContext&, const HttpRequest& request, HttpResponse& response) {
  if (const std::string limit = request.Param("limit").value_or(""); !limit.empty()) {
    if (!ParseGoInteger(limit, "Atoi").ok()) return base::InvalidArgument("limit must be a number");
  }
  if (const std::string match = request.Param("match_target").value_or(""); !match.empty()) {
    BW_RETURN_IF_ERROR(ParseSelectors({match}).status());
  }
  RespondData(response, [](JsonWriter& json) { json.BeginArray().EndArray(); });
  return base::OkStatus();
}

base::Status ScrapePools(const HandlerContext&, const HttpRequest&, HttpResponse& response) {
  RespondData(response, [](JsonWriter& json) {
    json.BeginObject().Key("scrapePools").BeginArray().String(kSenderPool).EndArray().EndObject();
  });
  return base::OkStatus();
}

base::Status CheckPool(const HttpRequest& request) {
  const std::string pool = request.Param("scrapePool").value_or("");
  if (pool.empty()) return base::InvalidArgument("no scrapePool parameter provided");
  if (pool == kSenderPool) return base::OkStatus();
  return base::InvalidArgument(fmt::format("scrape pool {} not found", base::Quote(pool)));
}

base::Status RelabelSteps(const HandlerContext&, const HttpRequest& request, HttpResponse& response) {
  if (request.Param("scrapePool").value_or("").empty()) return CheckPool(request);
  const std::string text = request.Param("labels").value_or("");
  if (text.empty()) return base::InvalidArgument("no labels parameter provided");
  const nlohmann::json labels = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool texts_only = labels.is_object() && std::all_of(labels.begin(), labels.end(),
                                                            [](const nlohmann::json& v) { return v.is_string(); });
  if (!texts_only) return base::InvalidArgument("labels must be a JSON object of strings");
  BW_RETURN_IF_ERROR(CheckPool(request));
  RespondData(response, [](JsonWriter& json) { json.BeginObject().Key("steps").BeginArray().EndArray().EndObject(); });
  return base::OkStatus();
}

base::Status PoolConfig(const HandlerContext&, const HttpRequest& request, HttpResponse& response) {
  BW_RETURN_IF_ERROR(CheckPool(request));
  RespondData(response, [](JsonWriter& json) {
    json.BeginObject().Key("yaml").String(fmt::format("job_name: {}\n", kSenderPool)).EndObject();
  });
  return base::OkStatus();
}

}  // namespace

void AddTargetRoutes(const HandlerContext& context, RouteTable& routes) {
  const auto add = [&](const char* path, const ContextFunction& function) {
    routes.push_back(ApiRoute(context, {"GET"}, path, function));
  };
  add("/api/v1/targets", Targets);
  add("/api/v1/targets/metadata", TargetMetadata);
  add("/api/v1/targets/relabel_steps", RelabelSteps);
  add("/api/v1/scrape_pools", ScrapePools);
  add("/api/v1/scrape_pools/config", PoolConfig);
}

}  // namespace bellwether::api
