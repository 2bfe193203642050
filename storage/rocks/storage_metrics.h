// storage/rocks/storage_metrics.h
//
// bellwether_storage_*: what the embedded store counts about itself. Gauges are set by Maintain.
#pragma once

#include <array>

#include "base/metrics.h"
#include "storage/rocks/disk_usage.h"
#include "storage/storage.h"

namespace bellwether::storage {

struct StorageMetrics {
  explicit StorageMetrics(base::MetricsRegistry& registry);

  std::array<base::Counter*, kRefusals> refused{};
  base::Counter& samples;
  base::Counter& commits;
  base::Counter& failed_commits;
  base::Counter& sealed_windows;
  base::Counter& sealed_samples;
  base::Counter& seal_wait_ms;
  base::Counter& merges;
  base::Counter& merged_bytes;
  base::Counter& merge_ms;
  base::Counter& snapshots;
  base::Counter& failed_maintenance;
  base::Histogram& commit_seconds;
  base::Gauge& head_series;
  base::Gauge& windows;
  std::array<base::Gauge*, kDiskParts> disk_bytes{};
  base::Gauge& background_bytes;
  base::Gauge& database_healthy;
  base::Gauge& database_syncs;
  base::Gauge& journal_segments;
  base::Gauge& journal_bytes;
  base::Gauge& journal_syncs;
  base::Gauge& journal_damage;
  base::Gauge& replay_seconds;
  base::Gauge& snapshot_seconds;
  base::Gauge& snapshot_damage;
};

}  // namespace bellwether::storage
