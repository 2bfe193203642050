// server/application.h
//
// Builds the server from its parts and owns their lives. Start: configuration, storage (replaying what was
// acknowledged), HTTP, notifications (restoring the outbox), rules (restoring alert states), ready. Stop goes the other
// way round.
//
// Here stand the few lines by which folders that do not know each other are joined: rules hand their updates to
// notifications and to Alertmanagers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/server.h"
#include "base/clock.h"
#include "base/status.h"
#include "base/time.h"
#include "metric/matcher.h"
#include "notify/alertmanagers.h"
#include "notify/silences.h"
#include "server/memory_budget.h"

namespace bellwether::server {

// The command line of `bellwether serve`.
struct ServeOptions {
  std::string config_file;  // Empty: defaults.
  std::string storage_path = "data/";
  base::DurationMs retention = base::Days(15);
  std::uint64_t retention_bytes = 0;  // 0: no limit.
  MemoryBudget memory;
  std::string listen_address = "127.0.0.1:9598";
  std::string external_url;  // Empty: made from the listen address.
  bool enable_lifecycle = false;
  bool enable_admin_api = false;
  std::size_t search_limit_max = 10'000;  // 0: none.
  int connections_max = 1024;
  base::DurationMs lookback = base::Minutes(5);
  base::DurationMs query_timeout = base::Minutes(2);
  int query_concurrency_max = 20;
  std::size_t query_samples_max = 50'000'000;
  api::RemoteReadLimits remote_read;
  base::DurationMs slow_query = base::Seconds(10);  // From there on a query is logged as slow; 0: none is.
  std::optional<metric::Matcher> cors_origin;       // Nothing: any.
  std::function<void()> quit;                       // Of POST /-/quit; may be null.
  base::DurationMs outage_tolerance = base::Hours(1);
  base::DurationMs resend_delay = base::Minutes(1);
  notify::AlertmanagerOptions alertmanagers;
  notify::SilenceLimits silences;
  std::vector<std::string> features;                       // Of --enable-feature.
  std::vector<std::pair<std::string, std::string>> flags;  // As given, for /api/v1/status/flags.
};

class Application {
 public:
  // `clock` outlives the application.
  Application(ServeOptions options, base::Clock& clock);
  ~Application();  // Stops.

  // Returns when the server is ready. Errors say which part could not start and why.
  base::Status Start();
  // Applies the configuration file anew: whole, or not at all. Any thread.
  base::Status Reload();
  void Stop();

  [[nodiscard]] std::uint16_t port() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace bellwether::server
