#include "server/application.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "api/query_log.h"
#include "api/server.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "incidents/suppressor.h"
#include "incidents/topology_store.h"
#include "ingest/text_import.h"
#include "ingest/write_handler.h"
#include "judge/baseline_store.h"
#include "notify/alertmanagers.h"
#include "notify/dispatcher.h"
#include "promql/engine.h"
#include "rules/backtest.h"
#include "rules/rule_manager.h"
#include "rules/topology.h"
#include "server/commands/test_surroundings.h"
#include "server/config/config.h"
#include "server/features.h"
#include "server/http_client.h"
#include "server/joints.h"
#include "server/smtp_client.h"
#include "server/topology_series.h"
#include "server/version.h"
#include "storage/open.h"

namespace bellwether::server {
namespace {

constexpr base::DurationMs kStopGrace = base::Seconds(5);
constexpr std::size_t kBacktestHistorySamples = 2'000'000;   // 32 MB.
constexpr std::size_t kBacktestRecordedSamples = 1'000'000;  // 16 MB.

// Alertmanagers are told first: they wait for no disk, and what is given again they know by its number.
class NotifyingSink final : public incidents::UpdateSink {
 public:
  NotifyingSink(notify::Dispatcher& dispatcher, notify::AlertmanagerSender& alertmanagers)
      : dispatcher_(dispatcher), alertmanagers_(alertmanagers) {}

  base::Status Take(std::span<const metric::AlertUpdate> updates) override {
    alertmanagers_.Take(updates);
    return dispatcher_.Take(updates);
  }

 private:
  notify::Dispatcher& dispatcher_;
  notify::AlertmanagerSender& alertmanagers_;
};

struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;
};

// "127.0.0.1:9598", ":9598", "[::1]:9598"
base::Result<ListenAddress> ParseListenAddress(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  ListenAddress address;
  if (colon != std::string::npos) {
    address.host = text.substr(0, colon);
    if (address.host.starts_with('[') && address.host.ends_with(']')) {
      address.host = address.host.substr(1, address.host.size() - 2);
    }
    if (address.host.empty()) address.host = "0.0.0.0";
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, address.port);
    if (error == std::errc() && stop == end && colon + 1 < text.size()) return address;
  }
  return base::InvalidArgument(fmt::format("--web.listen-address must be HOST:PORT, not \"{}\"", text));
}

}  // namespace

struct Application::Parts {
  using QueryLogFile = std::shared_ptr<const api::QueryLog::File>;

  Parts(ServeOptions o, base::Clock& c) : options(std::move(o)), clock(c), query_log(options.slow_query) {}

  rules::RuleOptions MakeRuleOptions(const Config& config) const {
    rules::RuleOptions rule_options;
    rule_options.evaluation_interval = config.evaluation_interval;
    rule_options.query_offset = config.rule_query_offset;
    rule_options.resend_delay = options.resend_delay;
    rule_options.outage_tolerance = options.outage_tolerance;
    rule_options.startup_hold = config.startup_hold;
    rule_options.metrics_per_rule = config.metrics_per_rule;
    rule_options.external_labels = config.external_labels;
    rule_options.external_url = external_url;
    rule_options.severities = config.severities;
    return rule_options;
  }

  // What a backtest holds in memory is bounded for a server that has other things to do.
  rules::BacktestOptions MakeBacktestOptions() {
    rules::BacktestOptions backtest;
    auto surroundings = std::make_shared<SurroundingsMaker>();
    auto topology_now = topology->Current();
    backtest.history_samples_max = kBacktestHistorySamples;
    backtest.recorded_samples_max = kBacktestRecordedSamples;
    const base::MutexLock lock(shown_mu);
    backtest.rules = rules_in_force;
    surroundings->Use(std::move(topology_now), suppression);
    backtest.surroundings = std::move(surroundings);
    return backtest;
  }

  base::Status OpenStorage(const Config& config) {
    storage::StorageOptions storage_options;
    storage_options.path = options.storage_path;
    storage_options.retention = options.retention;
    storage_options.retention_bytes = options.retention_bytes;
    storage_options.sync = config.storage.sync;
    storage_options.out_of_order_window = config.storage.out_of_order_window;
    storage_options.exemplars_max = config.storage.exemplars_max;
    storage_options.metadata_max = config.storage.metadata_max;
    storage_options.series_limit = config.storage.series_max;
    storage_options.block_cache_bytes = options.memory.block_cache;
    storage_options.label_cache_bytes = options.memory.queries / 4;
    storage_options.memtable_bytes = options.memory.memtables / 4;
    storage_options.head_bytes_max = options.memory.head;
    storage_options.query_memory = memory.queries;
    storage_options.standing_memory = memory.kept;
    BW_ASSIGN_OR_RETURN(opened, storage::OpenRocksStorage(storage_options, clock, metrics));
    return base::OkStatus();
  }

  base::Status Listen(const ListenAddress& address) {
    api::ServerOptions server_options;
    server_options.host = address.host;
    server_options.port = address.port;
    server_options.external_url = external_url;
    server_options.enable_lifecycle = options.enable_lifecycle;
    server_options.enable_admin_api = options.enable_admin_api;
    server_options.connections_max = options.connections_max;
    server_options.remote_read = options.remote_read;
    server_options.enable_search =
        std::find(options.features.begin(), options.features.end(), "search-api") != options.features.end();
    server_options.search_limit_max = options.search_limit_max;
    server_options.cors_origin = options.cors_origin;
    server_options.version = std::string(kVersion);
    server_options.storage_retention = base::FormatDuration(options.retention);
    server.emplace(server_options, api::ServerDependencies{.ingest = *ingest,
                                                           .text_import = text_import.get(),
                                                           .storage = *opened.storage,
                                                           .engine = *engine,
                                                           .rules = rules.get(),
                                                           .dispatcher = dispatcher.get(),
                                                           .topology = topology.get(),
                                                           .baselines = baselines.get(),
                                                           .suppressor = suppressor.get(),
                                                           .clock = clock,
                                                           .metrics = metrics,
                                                           .reload = [this] { return Apply(); },
                                                           .external_labels = [this] { return ExternalLabels(); },
                                                           .config_yaml = [this] { return ConfigYaml(); },
                                                           .flags = [this] { return options.flags; },
                                                           .alertmanagers = [this] { return alertmanagers->Urls(); },
                                                           .backtest_options = [this] { return MakeBacktestOptions(); },
                                                           .query_log = &query_log,
                                                           .quit = options.quit,
                                                           .config_status = [this] { return LastReload(); }});
    return server->Listen();
  }

  std::string ConfigYaml() {
    const base::MutexLock lock(shown_mu);
    return config_yaml;
  }

  metric::Labels ExternalLabels() {
    const base::MutexLock lock(shown_mu);
    return external_labels;
  }

  api::ConfigStatus LastReload() {
    const base::MutexLock lock(shown_mu);
    return last_reload;
  }

  // Reads the configuration file and puts it in force: first what can still refuse it, the query log and the rules.
  base::Status Apply() {
    const base::MutexLock one_at_a_time(reload_mu);
    auto config = LoadConfig(options.config_file);
    QueryLogFile query_log_file;
    base::Status status = config.status();
    if (status.ok() && !config->query_log_file.empty()) {
      auto opened_file = api::QueryLog::File::Open(config->query_log_file);
      status = opened_file.status();
      if (status.ok()) query_log_file = *std::move(opened_file);
    }
    if (status.ok()) {
      status = rules->Load(config->rule_files, MakeRuleOptions(*config), [&](const auto& groups) {
        suppressor->Configure(config->suppression, DependenciesOf(groups));
      });
    }
    reload_success->Set(status.ok() ? 1 : 0);
    if (!status.ok()) {
      const base::MutexLock lock(shown_mu);
      last_reload.success = false;
      last_reload.refused_at = clock.Now();
      return status;
    }
    for (const std::string& warning : config->warnings) BW_LOG(kWarning, warning);
    dispatcher->Configure(config->notifications, external_url);
    alertmanagers->Configure(config->alerting, config->external_labels);
    topology->SetDeclared(config->topology);
    query_log.Use(std::move(query_log_file));
    reload_time->Set(clock.Now().seconds());
    const base::MutexLock lock(shown_mu);
    config_yaml = config->yaml;
    rules_in_force = MakeRuleOptions(*config);
    suppression = config->suppression;
    external_labels = config->external_labels;
    last_reload = {.success = true, .at = clock.Now()};
    return base::OkStatus();
  }

  const ServeOptions options;
  base::Clock& clock;
  api::QueryLog query_log;
  std::string external_url;
  const MemoryShares memory = MakeMemoryShares(options.memory);

  // In the order in which they are made; destroyed the other way round.
  base::MetricsRegistry metrics;
  CurlHttpClient http{fmt::format("Bellwether/{}", kVersion)};
  CurlMailClient mail;
  storage::OpenedStorage opened;
  std::shared_ptr<judge::BaselineStore> baselines;
  std::unique_ptr<promql::Engine> engine;
  std::unique_ptr<promql::Engine> rule_engine;  // With memory and a queue of its own: dashboards never stop an alert.
  std::unique_ptr<ingest::WriteHandler> ingest;
  std::unique_ptr<ingest::ImportHandler> text_import;
  std::unique_ptr<notify::Dispatcher> dispatcher;
  std::unique_ptr<notify::AlertmanagerSender> alertmanagers;
  std::unique_ptr<incidents::TopologyStore> topology;
  std::unique_ptr<NotifyingSink> notifying_sink;
  std::unique_ptr<incidents::Suppressor> suppressor;
  std::unique_ptr<TopologySeries> topology_series;
  std::unique_ptr<RuleTopology> rule_topology;
  std::unique_ptr<SuppressingSink> sink;
  std::unique_ptr<rules::RuleManager> rules;
  std::optional<api::Server> server;
  base::Gauge* reload_success = &metrics.AddGauge("bellwether_config_last_reload_successful",
                                                  "Whether the last reading of the configuration succeeded.");
  base::Gauge* reload_time = &metrics.AddGauge("bellwether_config_last_reload_success_timestamp_seconds",
                                               "When the configuration in force was read.");

  base::Mutex reload_mu;  // Held over a whole reload, I/O included: it only keeps reloads apart.
  base::Mutex shown_mu;   // What the status pages show.
  std::string config_yaml BW_GUARDED_BY(shown_mu);
  rules::RuleOptions rules_in_force BW_GUARDED_BY(shown_mu);
  incidents::SuppressionPolicy suppression BW_GUARDED_BY(shown_mu);
  metric::Labels external_labels BW_GUARDED_BY(shown_mu);
  api::ConfigStatus last_reload BW_GUARDED_BY(shown_mu);
};

Application::Application(ServeOptions options, base::Clock& clock)
    : parts_(std::make_unique<Parts>(std::move(options), clock)) {}

Application::~Application() { Stop(); }

base::Status Application::Start() {
  Parts& p = *parts_;
  BW_ASSIGN_OR_RETURN(const ListenAddress address, ParseListenAddress(p.options.listen_address));
  p.external_url =
      p.options.external_url.empty() ? fmt::format("http://{}", p.options.listen_address) : p.options.external_url;
  while (p.external_url.ends_with('/')) p.external_url.pop_back();
  BW_ASSIGN_OR_RETURN(const Config config, LoadConfig(p.options.config_file));
  p.metrics.AddGauge("bellwether_build_info", "1, labelled with the version.", {{"version", std::string(kVersion)}})
      .Set(1);

  // As Alertmanager's dashboards ask for them.
  p.metrics.AddGaugeFunction("alertmanager_config_last_reload_successful",
                             "Whether the last reading of the configuration succeeded.", {},
                             [&p] { return p.LastReload().success ? 1.0 : 0.0; });
  p.metrics.AddGaugeFunction("alertmanager_config_last_reload_success_timestamp_seconds",
                             "When the configuration in force was read.", {},
                             [&p] { return p.LastReload().at.seconds(); });
  AddMemoryMetrics(p.options.memory, p.memory, p.metrics);
  if (const base::Status opened = p.OpenStorage(config); !opened.ok()) return opened.WithContext("open storage");
  auto baselines = judge::BaselineStore::Open(*p.opened.state, p.clock);
  if (!baselines.ok()) return baselines.status().WithContext("read baselines");
  p.baselines = std::move(*baselines);
  promql::EngineOptions engine_options;
  engine_options.baselines = p.baselines;
  engine_options.lookback = p.options.lookback;
  engine_options.timeout = p.options.query_timeout;
  engine_options.max_concurrency = p.options.query_concurrency_max;
  engine_options.max_samples = p.options.query_samples_max;
  engine_options.query_bytes_max = p.options.memory.one_query;
  engine_options.memory = p.memory.queries;
  engine_options.default_subquery_step = config.evaluation_interval;
  for (const std::string& unknown : ApplyFeatures(p.options.features, engine_options)) {
    BW_LOG(kWarning, "unknown feature in --enable-feature, left out", {"feature", unknown});
  }
  p.engine = std::make_unique<promql::Engine>(engine_options, p.clock, p.metrics);
  engine_options.query_bytes_max = 0;
  engine_options.memory = p.memory.rules;
  engine_options.kept_memory = p.memory.kept;
  p.rule_engine = std::make_unique<promql::Engine>(engine_options, p.clock, p.metrics);
  p.ingest = std::make_unique<ingest::WriteHandler>(config.limits, *p.opened.storage, p.metrics);
  p.text_import = std::make_unique<ingest::ImportHandler>(config.limits, *p.opened.storage, p.clock, p.metrics);
  p.dispatcher =
      std::make_unique<notify::Dispatcher>(p.external_url, notify::NotifyDependencies{.state = *p.opened.state,
                                                                                      .http = p.http,
                                                                                      .clock = p.clock,
                                                                                      .metrics = p.metrics,
                                                                                      .seed = std::random_device()(),
                                                                                      .mail = &p.mail});
  p.dispatcher->silences().SetLimits(p.options.silences);
  p.alertmanagers = std::make_unique<notify::AlertmanagerSender>(p.options.alertmanagers, p.http, p.clock, p.metrics);
  p.topology = std::make_unique<incidents::TopologyStore>(*p.opened.state);
  if (const base::Status s = p.topology->Load(); !s.ok()) return s.WithContext("read the topology");
  p.topology_series =
      std::make_unique<TopologySeries>(*p.opened.storage, p.clock, [&store = *p.topology] { return store.Current(); });
  p.rule_topology = std::make_unique<RuleTopology>([&store = *p.topology] { return store.Current(); });
  p.notifying_sink = std::make_unique<NotifyingSink>(*p.dispatcher, *p.alertmanagers);
  p.suppressor = std::make_unique<incidents::Suppressor>(
      incidents::SuppressorDependencies{.state = *p.opened.state,
                                        .clock = p.clock,
                                        .metrics = p.metrics,
                                        .sink = *p.notifying_sink,
                                        .topology = [&store = *p.topology] { return store.Current(); }});
  p.topology->SetListener([suppressor = p.suppressor.get()] { suppressor->TopologyChanged(); });
  p.sink = std::make_unique<SuppressingSink>(*p.suppressor);
  p.rules = std::make_unique<rules::RuleManager>(p.MakeRuleOptions(config),
                                                 rules::RuleDependencies{.storage = *p.opened.storage,
                                                                         .state = *p.opened.state,
                                                                         .engine = *p.rule_engine,
                                                                         .clock = p.clock,
                                                                         .metrics = p.metrics,
                                                                         .sink = *p.sink,
                                                                         .topology = p.rule_topology.get()});
  BW_RETURN_IF_ERROR(p.Listen(address));
  BW_RETURN_IF_ERROR(p.Apply());
  if (const base::Status s = p.dispatcher->Start(); !s.ok()) return s.WithContext("start notifications");
  p.alertmanagers->Start();
  p.topology_series->Start(config.evaluation_interval);
  if (const base::Status s = p.suppressor->Start(); !s.ok()) return s.WithContext("start suppression");
  if (const base::Status s = p.rules->Start(); !s.ok()) return s.WithContext("start rules");
  p.server->SetReady(true);
  return base::OkStatus();
}

base::Status Application::Reload() { return parts_->Apply(); }

void Application::Stop() {
  Parts& p = *parts_;
  if (p.server) {
    p.server->SetReady(false);
    p.server->Stop(kStopGrace);
  }
  if (p.topology_series) p.topology_series->Stop();
  if (p.rules) p.rules->Stop();
  if (p.suppressor) p.suppressor->Stop();
  if (p.alertmanagers) p.alertmanagers->Stop();
  if (p.dispatcher) p.dispatcher->Stop();
}

std::uint16_t Application::port() const { return parts_->server ? parts_->server->port() : 0; }

}  // namespace bellwether::server
