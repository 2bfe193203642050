// server/config/config.h
//
// The configuration file: read whole, judged whole, applied whole or not at all.
//
// A prometheus.yml is accepted as it is: what Bellwether does not do (scraping, remote read, ...) is named in one
// warning each and left out. Everything else unknown is an error with line and column and what was probably meant.
// Settings that are flags on the command line (paths, addresses) are not repeated here.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "incidents/suppression.h"
#include "incidents/topology.h"
#include "ingest/write_handler.h"
#include "metric/labels.h"
#include "notify/alertmanagers.h"
#include "notify/dispatcher.h"
#include "storage/open.h"

namespace bellwether::server {

// Storage settings; they take effect at start, not on reload.
struct StorageSettings {
  storage::SyncPolicy sync = storage::SyncPolicy::kAlways;
  base::DurationMs out_of_order_window = base::Hours(1);
  std::size_t exemplars_max = 100'000;
  std::size_t metadata_max = 100'000;
  std::size_t series_max = 0;  // Of limits.series; 0: none.
};

struct Config {
  base::DurationMs evaluation_interval = base::Minutes(1);
  base::DurationMs rule_query_offset;
  base::DurationMs startup_hold = base::Minutes(1);  // rules.startup_hold
  bool metrics_per_rule = true;                      // rules.metrics_per_rule
  metric::Labels external_labels;
  std::string query_log_file;                              // Empty: none.
  std::vector<std::string> severities;                     // From low to high; empty: the rules' own.
  std::vector<std::string> rule_files;                     // Patterns expanded; in order, each once.
  std::shared_ptr<const notify::Config> notifications;     // Null: nothing is notified.
  std::shared_ptr<const notify::AlertingConfig> alerting;  // Null: no Alertmanager is told.
  std::vector<incidents::Component> topology;
  incidents::SuppressionPolicy suppression;  // topology.suppression; with the severities.
  StorageSettings storage;
  ingest::IngestOptions limits;
  std::string yaml;                   // The file with the values of secret keys masked, for /api/v1/status/config.
  std::vector<std::string> warnings;  // What was left out.
};

// `path` empty: the defaults. kInvalidArgument lists every fault, one a line; kNotFound: no such file.
[[nodiscard]] base::Result<Config> LoadConfig(const std::string& path);
// The same for a text; relative paths are relative to `directory`.
[[nodiscard]] base::Result<Config> ParseConfigText(const std::string& name, const std::string& directory,
                                                   std::string_view text);

// Replaces the values of keys that hold secrets (passwords, tokens, keys, webhook URLs) by <secret>.
[[nodiscard]] std::string MaskSecrets(std::string_view yaml);

}  // namespace bellwether::server
