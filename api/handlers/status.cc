// What the server says about itself.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <limits>
#include <optional>
#include <thread>

#include "api/admin_reports.h"
#include "api/handlers/params.h"
#include "api/handlers/routes.h"
#include "api/json/envelope.h"
#include "api/json/self_metrics_json.h"
#include "api/openapi.h"
#include "base/quote.h"
#include "metric/anchored_regex.h"

namespace bellwether::api {
namespace {

// The level of Prometheus's API that is spoken here; clients decide by it what they may ask.
constexpr std::string_view kPrometheusLevel = "3.5.0";

// Without a `features` key: Grafana takes a server that has one, even an empty one, for Mimir.
void WriteBuildInfo(JsonWriter& json, const HandlerContext& context) {
  json.BeginObject().Key("version").String(kPrometheusLevel).Key("revision").String(context.version);
  json.Key("branch").String("").Key("buildUser").String("").Key("buildDate").String("").Key("goVersion").String("");
  json.Key("application").String("Bellwether").Key("bellwetherVersion").String(context.version).EndObject();
}

base::Status BuildInfo(const HandlerContext& context, const HttpRequest&, HttpResponse& response) {
  RespondData(response, [&](JsonWriter& json) { WriteBuildInfo(json, context); });
  return base::OkStatus();
}

base::Status Version(const HandlerContext& context, const HttpRequest&, HttpResponse& response) {
  RespondJson(response, [&](JsonWriter& json) { WriteBuildInfo(json, context); });
  return base::OkStatus();
}

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string();
}

base::Status RuntimeInfo(const HandlerContext& context, const HttpRequest&, HttpResponse& response) {
  std::error_code ignored;
  const std::string directory = std::filesystem::current_path(ignored).string();
  const ConfigStatus config = context.config_status();
  RespondData(response, [&](JsonWriter& json) {
    json.BeginObject().Key("startTime").String(base::FormatRfc3339(context.started_at)).Key("CWD").String(directory);
    json.Key("hostname").String(HostName()).Key("serverTime").String(base::FormatRfc3339(context.clock.Now()));
    json.Key("reloadConfigSuccess").Bool(config.success).Key("lastConfigTime").String(base::FormatRfc3339(config.at));
    // The rest are settings of Go's runtime, kept because clients decode them.
    json.Key("corruptionCount").Integer(0).Key("goroutineCount").Integer(0);
    json.Key("GOMAXPROCS").Unsigned(std::thread::hardware_concurrency()).Key("GOMEMLIMIT").Integer(0);
    json.Key("GOGC").String("").Key("GODEBUG").String("");
    json.Key("storageRetention").String(context.storage_retention).EndObject();
  });
  return base::OkStatus();
}

base::Status Flags(const HandlerContext& context, const HttpRequest&, HttpResponse& response) {
  RespondData(response, [&](JsonWriter& json) {
    json.BeginObject();
    for (const auto& [name, value] : context.flags()) json.Key(name).PlainString(value);
    json.EndObject();
  });
  return base::OkStatus();
}

base::Status Config(const HandlerContext& context, const HttpRequest&, HttpResponse& response) {
  RespondData(response,
              [&](JsonWriter& json) { json.BeginObject().Key("yaml").String(context.config_yaml()).EndObject(); });
  return base::OkStatus();
}

void WriteNameCounts(JsonWriter& json, std::string_view key, const std::vector<storage::NameCount>& counts) {
  json.Key(key).BeginArray();
  for (const storage::NameCount& count : counts) {
    json.BeginObject().Key("name").String(count.name).Key("value").Unsigned(count.value).EndObject();
  }
  json.EndArray();
}

void WriteStorageStats(JsonWriter& json, const storage::StorageStats& stats) {
  // Prometheus's bounds of a head without samples are the wrong way round.
  const auto min = stats.min_time.value_or(base::TimestampMs::Max());
  const auto max = stats.max_time.value_or(base::TimestampMs::Min());
  json.BeginObject().Key("headStats").BeginObject().Key("numSeries").Unsigned(stats.series);
  json.Key("numLabelPairs").Unsigned(stats.label_pairs).Key("chunkCount").Unsigned(stats.chunks);
  json.Key("minTime").Integer(min.ms).Key("maxTime").Integer(max.ms).EndObject();
  WriteNameCounts(json, "seriesCountByMetricName", stats.series_by_metric);
  WriteNameCounts(json, "labelValueCountByLabelName", stats.values_by_label);
  WriteNameCounts(json, "memoryInBytesByLabelName", stats.value_bytes_by_label);
  WriteNameCounts(json, "seriesCountByLabelValuePair", stats.series_by_label_pair);
  json.EndObject();
}

base::Status Tsdb(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  constexpr std::int64_t kLimitMax = 10'000;
  std::int64_t limit = 10;
  if (const std::string text = request.Param("limit").value_or(""); !text.empty()) {
    const auto n = ParseGoInteger(text, "Atoi");
    if (!n.ok() || *n < 1) return base::InvalidArgument("limit must be a positive number");
    if (*n > kLimitMax) return base::InvalidArgument(fmt::format("limit must not exceed {}", kLimitMax));
    limit = *n;
  }
  const storage::StorageStats stats = context.storage.Stats(static_cast<std::size_t>(limit));
  RespondData(response, [&](JsonWriter& json) { WriteStorageStats(json, stats); });
  return base::OkStatus();
}

// What an operator should know now. There are no events of the past among them.
base::Status Notifications(const HandlerContext& context, const HttpRequest&, HttpResponse& response) {
  struct Notice {
    std::string_view text;
    base::TimestampMs at;
  };
  std::vector<Notice> notices;
  const ConfigStatus config = context.config_status();
  if (!config.success) notices.push_back({"Configuration reload has failed.", config.refused_at});
  if (context.stopping()) {
    notices.push_back({"Bellwether is stopping.", context.clock.Now()});
  } else if (!context.ready()) {
    notices.push_back({"Bellwether is starting and reads what was written before.", context.started_at});
  }
  RespondData(response, [&](JsonWriter& json) {
    json.BeginArray();
    for (const Notice& notice : notices) {
      json.BeginObject().Key("text").String(notice.text).Key("date").String(base::FormatRfc3339(notice.at));
      json.Key("active").Bool(true).EndObject();
    }
    json.EndArray();
  });
  return base::OkStatus();
}

// A stream would hold a worker for as long as a page is open. Pages that are told so, as Prometheus tells them where
// too many are open, ask for the list from time to time.
base::Status NoLiveNotifications(const HandlerContext&, const HttpRequest&, HttpResponse& response) {
  response.status = 204;
  return base::OkStatus();
}

base::Status TsdbBlocks(const HandlerContext& context, const HttpRequest&, HttpResponse& response) {
  const storage::StorageAdmin* admin = context.storage.admin();
  const auto windows = admin == nullptr ? std::vector<storage::SealedWindowInfo>() : admin->SealedWindows();
  RespondData(response, [&](JsonWriter& json) { json.Raw(BlocksJson(windows)); });
  return base::OkStatus();
}

base::Status WalReplay(const HandlerContext&, const HttpRequest&, HttpResponse& response) {
  RespondData(response, [](JsonWriter& json) {
    json.BeginObject().Key("min").Integer(0).Key("max").Integer(0).Key("current").Integer(0).EndObject();
  });
  return base::OkStatus();
}

// The names of metrics are many; a pattern chooses.
base::Status SelfMetrics(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  std::optional<metric::AnchoredRegex> pattern;
  if (const auto text = request.Param("metric_name_pattern"); text && !text->empty()) {
    auto made = metric::AnchoredRegex::Make(*text);
    if (!made.ok()) return InvalidParameter("metric_name_pattern", made.status().message());
    pattern = *std::move(made);
  }
  RespondData(response, [&](JsonWriter& json) {
    WriteMetricFamilies(json, context.metrics.WriteText(),
                        [&](std::string_view name) { return !pattern || pattern->Matches(name); });
  });
  return base::OkStatus();
}

base::Status OpenApi(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  const std::string version = request.Param("openapi_version").value_or("3.1");
  if (version != "3.1" && version != "3.2") {
    return InvalidParameter("openapi_version", fmt::format("there is no {}: 3.1 or 3.2", base::Quote(version)));
  }
  response.content_type = "application/yaml; charset=utf-8";
  response.body = OpenApiYaml(version + ".0", context.version);
  return base::OkStatus();
}

}  // namespace

void AddStatusRoutes(const HandlerContext& context, RouteTable& routes) {
  const auto add = [&](const char* path, const ContextFunction& function, WorkerPool pool = WorkerPool::kQuery) {
    routes.push_back(ApiRoute(context, {"GET"}, path, function, pool));
  };
  add("/version", Version, WorkerPool::kAdmin);
  add("/api/v1/status/buildinfo", BuildInfo);
  add("/api/v1/status/runtimeinfo", RuntimeInfo);
  add("/api/v1/status/flags", Flags);
  add("/api/v1/status/config", Config);
  add("/api/v1/status/tsdb", Tsdb);
  add("/api/v1/status/tsdb/blocks", TsdbBlocks);
  add("/api/v1/status/walreplay", WalReplay, WorkerPool::kAdmin);
  add("/api/v1/notifications", Notifications, WorkerPool::kAdmin);
  add("/api/v1/notifications/live", NoLiveNotifications, WorkerPool::kAdmin);
  add("/api/v1/status/self_metrics", SelfMetrics);
  add("/api/v1/openapi.yaml", OpenApi);
}

}  // namespace bellwether::api
