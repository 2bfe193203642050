// api/handlers/routes.h
//
// The endpoints as a table of routes. Each family of handlers appends its own; api/server puts all of them on the HTTP
// server, and a test may call them directly.
//
// A handler of the Prometheus API is an ApiFunction: it fills the response and returns OK, or returns an error, which
// the wrapper writes by the one error table. What handlers need comes in a HandlerContext; rules and ingest are
// functions there, so that a test hands in values.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/handlers/sender_table.h"
#include "api/http/http_server.h"
#include "api/query_log.h"
#include "api/server.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/status.h"
#include "base/time.h"
#include "incidents/suppressor.h"
#include "incidents/topology_store.h"
#include "ingest/text_import.h"
#include "ingest/write_handler.h"
#include "judge/baseline_store.h"
#include "metric/matcher.h"
#include "notify/alertmanagers.h"
#include "notify/dispatcher.h"
#include "promql/engine.h"
#include "rules/backtest.h"
#include "rules/rule_manager.h"
#include "storage/storage.h"

namespace bellwether::api {

struct RouteEntry {
  std::vector<std::string> methods;
  std::string path;  // As HttpServer::Route takes it.
  WorkerPool pool = WorkerPool::kQuery;
  HttpHandler handler;
};
using RouteTable = std::vector<RouteEntry>;

// Everything outlives the routes. Functions are never null, but may say that there is nothing.
struct HandlerContext {
  storage::Storage& storage;
  const promql::Engine& engine;
  base::Clock& clock;
  base::MetricsRegistry& metrics;
  std::function<ingest::WriteOutcome(const ingest::WriteRequest&)> write = {};
  std::function<ingest::ImportOutcome(const ingest::ImportRequest&)> import_text = {};
  std::function<std::vector<rules::GroupSnapshot>()> groups = {};
  // Alert transitions in [min, max], oldest first.
  std::function<base::Result<std::vector<rules::AlertTransition>>(base::TimestampMs min, base::TimestampMs max)>
      history = {};
  std::function<notify::AlertmanagerUrls()> alertmanagers = [] { return notify::AlertmanagerUrls(); };
  // What rules in force here are evaluated with.
  std::function<rules::BacktestOptions()> backtest_options = [] { return rules::BacktestOptions(); };
  incidents::TopologyStore* topology = nullptr;  // May be null: there is none.
  judge::BaselineStore* baselines = nullptr;     // Likewise.
  notify::Dispatcher* dispatcher = nullptr;      // May be null: nobody is notified.
  // Alerts that are held or suppressed.
  std::function<incidents::Standings()> standings = [] { return incidents::Standings(); };
  std::function<base::Status()> reload = {};
  std::function<ConfigStatus()> config_status = {};
  std::function<metric::Labels()> external_labels = [] { return metric::Labels(); };
  std::function<std::string()> config_yaml = {};
  std::function<std::vector<std::pair<std::string, std::string>>()> flags = {};
  std::function<bool()> ready = {};
  std::function<bool()> stopping = {};
  base::TimestampMs started_at = {};
  std::string version = {};            // Of Bellwether.
  std::string storage_retention = {};  // "15d"
  RemoteReadLimits remote_read = {};
  std::optional<metric::Matcher> cors_origin = {};  // Whose pages may read; nothing: anybody's.
  QueryLog* query_log = nullptr;                    // Null: queries are not logged.
  std::shared_ptr<SenderTable> senders = std::make_shared<SenderTable>();
  std::function<void()> quit = {};        // May be null: this server cannot be ended over HTTP.
  std::size_t search_limit_max = 10'000;  // 0: none.
  bool enable_search = false;
  bool enable_lifecycle = false;
  bool enable_admin_api = false;
};

using ApiFunction = std::function<base::Status(const HttpRequest&, HttpResponse&)>;

// Answers OPTIONS, adds the CORS headers, writes the error that `function` returns, and turns an exception that escapes
// a library into `internal`. `context` outlives the handler.
[[nodiscard]] HttpHandler ApiHandler(const HandlerContext& context, ApiFunction function);

// The same with the context of its family.
using ContextFunction = std::function<base::Status(const HandlerContext&, const HttpRequest&, HttpResponse&)>;

// `function` under ApiHandler at `path`, for `methods` and OPTIONS.
[[nodiscard]] RouteEntry ApiRoute(const HandlerContext& context, std::vector<std::string> methods, std::string path,
                                  ContextFunction function, WorkerPool pool = WorkerPool::kQuery);

// Prometheus's answer to what is not enabled: "unavailable", but with 500.
void RespondDisabled(HttpResponse& response, const char* why);

// The families. `context` outlives the routes.
void AddQueryRoutes(const HandlerContext& context, RouteTable& routes);  // query, query_range, format, parse, exemplars
void AddMetadataRoutes(const HandlerContext& context, RouteTable& routes);    // series, labels, label values, metadata
void AddSearchRoutes(const HandlerContext& context, RouteTable& routes);      // search/...
void AddRuleRoutes(const HandlerContext& context, RouteTable& routes);        // rules, alerts, alertmanagers
void AddBacktestRoutes(const HandlerContext& context, RouteTable& routes);    // rules/test
void AddRuleCheckRoutes(const HandlerContext& context, RouteTable& routes);   // rules/check
void AddTopologyRoutes(const HandlerContext& context, RouteTable& routes);    // topology
void AddBaselineRoutes(const HandlerContext& context, RouteTable& routes);    // baselines
void AddStatusRoutes(const HandlerContext& context, RouteTable& routes);      // status/..., targets, /version
void AddFeatureRoutes(const HandlerContext& context, RouteTable& routes);     // features
void AddTargetRoutes(const HandlerContext& context, RouteTable& routes);      // targets, scrape_pools
void AddAdminRoutes(const HandlerContext& context, RouteTable& routes);       // /-/..., /metrics
void AddTsdbAdminRoutes(const HandlerContext& context, RouteTable& routes);   // admin/tsdb/...
void AddWriteRoutes(const HandlerContext& context, RouteTable& routes);       // remote write
void AddRemoteReadRoutes(const HandlerContext& context, RouteTable& routes);  // remote read
void AddTextRoutes(const HandlerContext& context, RouteTable& routes);        // import and export of text
void AddFederateRoutes(const HandlerContext& context, RouteTable& routes);    // /federate
void AddGrafanaRoutes(const HandlerContext& context, RouteTable& routes);     // the JSON data source

void AddAlertmanagerRoutes(const HandlerContext& context, RouteTable& routes);  // Alertmanager's API v2
void AddNotificationRoutes(const HandlerContext& context, RouteTable& routes);  // notifications/...

[[nodiscard]] RouteTable AllRoutes(const HandlerContext& context);

}  // namespace bellwether::api
