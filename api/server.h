// api/server.h
//
// HTTP in, JSON out. Prometheus's API, remote write, Grafana's JSON data source, health and the server's own metrics on
// one port. The HTTP library (cpp-httplib) is named in this folder only, behind api/http/http_server.h.
//
// Connections rest in epoll and cost a worker nothing between requests, so 200 keep-alive senders and a dashboard live
// together on two threads of each pool. Ingest, queries and everything else have workers of their own: neither a burst
// of writes nor a slow query keeps the health check waiting.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/status.h"
#include "base/time.h"
#include "incidents/suppressor.h"
#include "incidents/topology_store.h"
#include "ingest/text_import.h"
#include "ingest/write_handler.h"
#include "judge/baseline_store.h"
#include "metric/labels.h"
#include "metric/matcher.h"
#include "notify/alertmanagers.h"
#include "notify/dispatcher.h"
#include "promql/engine.h"
#include "rules/backtest.h"
#include "rules/rule_manager.h"
#include "storage/storage.h"

namespace bellwether::api {

// Of /api/v1/read.
struct RemoteReadLimits {
  std::uint64_t samples_max = 50'000'000;  // Of one query answered with samples; 0: no limit.
  int concurrency_max = 10;                // Reads at a time, the rest wait; 0: no limit.
  std::size_t frame_bytes_max = 1u << 20;  // Of a frame of chunks, which the last chunk in it may exceed.
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 9598;              // 0: any free one; see port().
  std::string external_url{};             // Without a slash at the end; its path prefixes all routes.
  bool enable_lifecycle = false;          // /-/reload
  bool enable_admin_api = false;          // /api/v1/admin/tsdb/...
  bool enable_search = false;             // /api/v1/search/...
  std::size_t search_limit_max = 10'000;  // Results of one search; 0: no limit.
  std::size_t request_bytes_max = 64u << 20;
  int connections_max = 1024;
  int ingest_workers = 0;  // 0: four for each core; most of them wait for the disk.
  int query_workers = 0;   // 0: as many as cores.
  RemoteReadLimits remote_read{};
  std::optional<metric::Matcher> cors_origin{};         // Whose pages may read the API; nothing: anybody's.
  base::DurationMs request_timeout = base::Minutes(5);  // To read a whole request.
  std::string version{};                                // Of Bellwether.
  std::string storage_retention{};                      // As it is shown: "15d".
};

class QueryLog;

// How the last reading of the configuration file went.
struct ConfigStatus {
  bool success = true;
  base::TimestampMs at;            // When the one in force was read.
  base::TimestampMs refused_at{};  // When the last one was, if it was refused.
};

// What the handlers serve. All of it outlives the server; `rules`, `dispatcher` and `topology` may be null where there
// are none, and each function where there is nothing to tell.
struct ServerDependencies {
  ingest::WriteHandler& ingest;
  ingest::ImportHandler* text_import = nullptr;  // Null: nothing is imported.
  storage::Storage& storage;
  const promql::Engine& engine;
  rules::RuleManager* rules = nullptr;
  notify::Dispatcher* dispatcher = nullptr;
  incidents::TopologyStore* topology = nullptr;
  judge::BaselineStore* baselines = nullptr;    // Null: none are kept.
  incidents::Suppressor* suppressor = nullptr;  // Null: every alert is told.
  base::Clock& clock;
  base::MetricsRegistry& metrics;
  std::function<base::Status()> reload = {};  // Applies the configuration file anew.
  std::function<metric::Labels()> external_labels = {};
  std::function<std::string()> config_yaml = {};  // The configuration in force, secrets masked.
  std::function<std::vector<std::pair<std::string, std::string>>()> flags = {};
  std::function<notify::AlertmanagerUrls()> alertmanagers = {};
  std::function<rules::BacktestOptions()> backtest_options = {};  // What rules in force are evaluated with.
  QueryLog* query_log = nullptr;                                  // Null: queries are not logged.
  std::function<void()> quit = {};                   // Ends the server, soon; null: it cannot be ended over HTTP.
  std::function<ConfigStatus()> config_status = {};  // Null: read well when the server was made.
};

class Server {
 public:
  Server(const ServerOptions& options, const ServerDependencies& dependencies);
  ~Server();  // Stops.

  // Binds and serves in the background. kUnavailable if the address is taken (the message names it).
  base::Status Listen();
  [[nodiscard]] std::uint16_t port() const;

  // Until it is ready the API answers 503; /-/healthy answers 200 from the start.
  void SetReady(bool ready);

  // Stops accepting, lets requests under way finish for at most `grace`, then closes.
  void Stop(base::DurationMs grace);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bellwether::api
