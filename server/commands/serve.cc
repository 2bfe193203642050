#include "server/commands/serve.h"

#include <csignal>
#include <cstdio>
#include <memory>

#include <unistd.h>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/log.h"
#include "server/application.h"
#include "server/features.h"
#include "server/version.h"

namespace bellwether::server {
namespace {

struct ServeFlags {
  ServeOptions options;
  std::string retention = "15d";
  std::string retention_size = "0";
  std::string memory = "60%";
  std::string lookback = "5m";
  std::string query_timeout = "2m";
  std::string outage_tolerance = "1h";
  std::string resend_delay = "1m";
  std::string silence_retention = "120h";
  std::string slow_query = "10s";
  std::string cors_origin = ".*";
  std::string grace_period = "10m";
  std::string log_level = "info";
  std::string log_format = "text";
  bool receiver = true;  // Without effect.
};

template <typename T>
void ReadFlag(const char* flag, base::Result<T> read, T& out) {
  if (!read.ok()) throw CLI::ValidationError(flag, read.status().message());
  out = *std::move(read);
}

void ReadCorsFlag(const std::string& text, std::optional<metric::Matcher>& out) {
  if (text == ".*") return;
  auto origin = metric::Matcher::Make(metric::MatchOp::kRegex, "origin", text);
  if (!origin.ok()) throw CLI::ValidationError("--web.cors.origin", origin.status().message());
  out = *std::move(origin);
}

base::LogLevel ReadLogLevel(const std::string& name) {
  if (name == "debug") return base::LogLevel::kDebug;
  if (name == "warn") return base::LogLevel::kWarning;
  return name == "error" ? base::LogLevel::kError : base::LogLevel::kInfo;
}

void FinishFlags(const CLI::App& command, ServeFlags& flags) {
  ReadFlag("--storage.retention.time", base::ParseDuration(flags.retention), flags.options.retention);
  ReadFlag("--storage.retention.size", ParseByteSize(flags.retention_size), flags.options.retention_bytes);
  ReadFlag("--storage.memory", MakeMemoryBudget(flags.memory, MachineMemory()), flags.options.memory);
  ReadFlag("--query.lookback-delta", base::ParseDuration(flags.lookback), flags.options.lookback);
  ReadFlag("--query.timeout", base::ParseDuration(flags.query_timeout), flags.options.query_timeout);
  ReadFlag("--rules.alert.for-outage-tolerance", base::ParseDuration(flags.outage_tolerance),
           flags.options.outage_tolerance);
  ReadFlag("--rules.alert.resend-delay", base::ParseDuration(flags.resend_delay), flags.options.resend_delay);
  ReadFlag("--data.retention", base::ParseDuration(flags.silence_retention), flags.options.silences.retention);
  ReadFlag("--query.slow-log-threshold", base::ParseDuration(flags.slow_query), flags.options.slow_query);
  ReadCorsFlag(flags.cors_origin, flags.options.cors_origin);
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_lnames().empty() || option->get_lnames()[0] == "help") continue;
    const std::string given =
        option->count() > 0 ? fmt::format("{}", fmt::join(option->results(), ",")) : option->get_default_str();
    flags.options.flags.emplace_back(option->get_lnames()[0], given);
  }
}

sigset_t ServeSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  return set;
}

int Serve(const ServeFlags& flags) {
  base::ConfigureLog(ReadLogLevel(flags.log_level),
                     flags.log_format == "json" ? base::LogFormat::kJson : base::LogFormat::kText);
  // Blocked before the first thread is made, so that all inherit it and only the loop below receives them.
  const sigset_t signals = ServeSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  base::SystemClock clock;
  Application application(flags.options, clock);
  if (const base::Status started = application.Start(); !started.ok()) {
    if (flags.log_format == "json") {
      BW_LOG(kError, "cannot start", {"error", started.message()});
    } else {
      std::fprintf(stderr, "bellwether: cannot start: %s\n", started.message().c_str());
    }
    return 1;
  }
  BW_LOG(kInfo, "ready", {"address", flags.options.listen_address}, {"version", kVersion},
         {"storage", flags.options.storage_path});
  while (true) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP) break;
    const base::Status reloaded = application.Reload();
    if (reloaded.ok()) {
      BW_LOG(kInfo, "configuration reloaded");
    } else {
      BW_LOG(kError, "configuration refused, the one before stays", {"error", reloaded.message()});
    }
  }
  BW_LOG(kInfo, "stopping");
  application.Stop();
  return 0;
}

}  // namespace

void AddServeCommand(CLI::App& app, std::function<int()>& run) {
  const auto flags = std::make_shared<ServeFlags>();
  ServeOptions& o = flags->options;
  o.quit = [] { kill(getpid(), SIGTERM); };
  CLI::App* command = app.add_subcommand("serve", "Run the server");
  command->option_defaults()->always_capture_default();
  command->add_option("--config.file", o.config_file,
                      "Configuration file (prometheus.yml is accepted); none: defaults");
  command->add_option("--storage.path,--storage.tsdb.path", o.storage_path, "Directory of the data");
  command->add_option("--storage.retention.time,--storage.tsdb.retention.time", flags->retention,
                      "How long samples are kept; 0: for ever");
  command->add_option("--storage.retention.size,--storage.tsdb.retention.size", flags->retention_size,
                      "Bytes of the whole directory (512MB, 2TB), kept by dropping the oldest windows; 0: no limit");
  command->add_option(
      "--storage.memory", flags->memory,
      "Memory for series, recent samples, caches and queries: a share of what the machine or its control "
      "group has (60%), or bytes (4GB)");
  command->add_option("--web.listen-address", o.listen_address, "HOST:PORT to listen on");
  command->add_option("--web.external-url", o.external_url, "URL under which people reach this server");
  command->add_option("--web.search.max-limit", o.search_limit_max, "Results that one search may ask for; 0: no limit");
  command->add_option("--web.cors.origin", flags->cors_origin,
                      "Regular expression for the origins whose pages may read the API, anchored");
  command->add_flag("--web.enable-lifecycle", o.enable_lifecycle, "Allow POST /-/reload and /-/quit");
  command->add_flag("--web.enable-admin-api", o.enable_admin_api,
                    "Allow deletion and snapshots through /api/v1/admin/tsdb/");
  command->add_flag("--web.enable-remote-write-receiver", flags->receiver, "Always on; accepted for Prometheus's sake");
  command->add_option("--web.max-connections", o.connections_max, "Connections at a time");
  command->add_option("--query.lookback-delta", flags->lookback, "How far back a sample counts for an instant");
  command->add_option("--query.timeout", flags->query_timeout, "Longest time of a query");
  command->add_option("--query.slow-log-threshold", flags->slow_query,
                      "Queries of the API that take as long are logged as slow; 0: none");
  command->add_option("--query.max-concurrency", o.query_concurrency_max, "Queries at a time");
  command->add_option("--query.max-samples", o.query_samples_max, "Samples that one query may hold in memory");
  command->add_option("--storage.remote.read-sample-limit", o.remote_read.samples_max,
                      "Samples that one query of a remote read may answer; 0: no limit");
  command->add_option("--storage.remote.read-concurrent-limit", o.remote_read.concurrency_max,
                      "Remote reads at a time; 0: no limit");
  command->add_option("--storage.remote.read-max-bytes-in-frame", o.remote_read.frame_bytes_max,
                      "Bytes of a frame of a streamed remote read");
  command->add_option("--rules.alert.for-outage-tolerance", flags->outage_tolerance,
                      "Longest pause after which a pending alert goes on");
  command->add_option("--rules.alert.resend-delay", flags->resend_delay, "Least time between two sendings of an alert");
  command->add_option("--alertmanager.notification-queue-capacity", o.alertmanagers.queue_capacity,
                      "Alerts that may wait for one Alertmanager; beyond it the oldest are dropped");
  command->add_option("--silences.max-silences", o.silences.silences_max,
                      "Silences at a time, expired ones included; 0: no limit");
  command->add_option("--silences.max-silence-size-bytes", o.silences.bytes_max,
                      "Bytes that one silence takes in the store; 0: no limit");
  command->add_option("--data.retention", flags->silence_retention, "How long silences stay visible that are over");
  command
      ->add_option("--alertmanager.notification-batch-size", o.alertmanagers.batch_size,
                   "Alerts of one request to an Alertmanager, at most")
      ->check(CLI::PositiveNumber);
  command->add_option("--alertmanager.drain-notification-queue-on-shutdown", o.alertmanagers.drain_on_stop,
                      "Whether a stop sends the alerts that wait for Alertmanagers");
  command->add_option("--rules.alert.for-grace-period", flags->grace_period,
                      "Without effect (alert states are kept); accepted for Prometheus's sake");
  AddFeatureFlag(*command, o.features);
  command->add_option("--log.level", flags->log_level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  command->add_option("--log.format", flags->log_format, "text or json")->check(CLI::IsMember({"text", "json"}));
  command->callback([command, flags, &run] {
    FinishFlags(*command, *flags);
    run = [flags] { return Serve(*flags); };
  });
}

}  // namespace bellwether::server
