#include "storage/rocks/storage_metrics.h"

#include <string>

namespace bellwether::storage {

std::string_view BackgroundWorkName(BackgroundWork work) {
  switch (work) {
    case BackgroundWork::kSeal: return "seal";
    case BackgroundWork::kMerge: return "merge";
    case BackgroundWork::kSnapshot: return "snapshot";
    case BackgroundWork::kClean: return "clean";
    case BackgroundWork::kDelete: return "delete";
    case BackgroundWork::kBackup: return "backup";
    case BackgroundWork::kVerify: return "verify";
  }
  return "unknown";
}

StorageMetrics::StorageMetrics(base::MetricsRegistry& registry)
    : samples(registry.AddCounter("bellwether_storage_samples_total", "Samples taken.")),
      commits(registry.AddCounter("bellwether_storage_commits_total", "Commits.")),
      failed_commits(registry.AddCounter("bellwether_storage_failed_commits_total", "Commits not acknowledged.")),
      sealed_windows(registry.AddCounter("bellwether_storage_sealed_windows_total", "Windows sealed since start.")),
      sealed_samples(registry.AddCounter("bellwether_storage_sealed_samples_total", "Samples sealed since start.")),
      seal_wait_ms(registry.AddCounter("bellwether_storage_seal_wait_milliseconds_total",
                                       "Time that commits waited because data came faster than they are sealed.")),
      merges(registry.AddCounter("bellwether_storage_merges_total", "Merges of sealed windows since start.")),
      windows_to_seal(registry.AddGauge("bellwether_storage_background_waiting", "Windows that wait for work.",
                                        {{"work", "seal"}})),
      windows_to_clean(registry.AddGauge("bellwether_storage_background_waiting", "Windows that wait for work.",
                                         {{"work", "clean"}})),
      merges_under_way(registry.AddGauge("bellwether_storage_merges_under_way", "1 while windows are being merged.")),
      snapshots(registry.AddCounter("bellwether_storage_snapshots_total", "Snapshots of the head taken since start.")),
      failed_maintenance(registry.AddCounter("bellwether_storage_failed_maintenance_total",
                                             "Runs of sealing and retention that ended in an error.")),
      commit_seconds(registry.AddHistogram("bellwether_storage_commit_seconds", "Time of a commit, sync included.",
                                           {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1})),
      head_series(registry.AddGauge("bellwether_storage_head_series", "Series in memory.")),
      windows(registry.AddGauge("bellwether_storage_windows", "Sealed windows, each generation counted.")),
      background_bytes(registry.AddGauge("bellwether_storage_background_bytes",
                                         "Written since start under the rate limit of background work.")),
      database_healthy(registry.AddGauge("bellwether_storage_database_healthy",
                                         "1 if the database takes writes: sealed windows, alert states, the outbox.")),
      database_syncs(registry.AddGauge("bellwether_storage_database_syncs",
                                       "Syncs of the database's files since start, its log among them.")),
      journal_segments(registry.AddGauge("bellwether_storage_journal_segments", "Journal segments on disk.")),
      journal_bytes(registry.AddGauge("bellwether_storage_journal_bytes", "Bytes used in them.")),
      journal_syncs(registry.AddGauge("bellwether_storage_journal_syncs", "Syncs of the journal since start.")),
      journal_damage(registry.AddGauge("bellwether_storage_journal_damage",
                                       "Places of the journal that could not be read at start.")),
      replay_seconds(registry.AddGauge("bellwether_storage_replay_seconds", "Time it took to read the journal.")),
      snapshot_seconds(registry.AddGauge("bellwether_storage_snapshot_seconds", "Time the last snapshot took.")),
      snapshot_damage(
          registry.AddGauge("bellwether_storage_snapshot_damage", "Snapshots that could not be read at start.")) {
  for (std::size_t i = 0; i < kBackgroundWorks; ++i) {
    const base::MetricLabels labels{{"work", std::string(BackgroundWorkName(static_cast<BackgroundWork>(i)))}};
    work_ms[i] = &registry.AddCounter("bellwether_storage_background_milliseconds_total",
                                      "Time spent in background work since start.", labels);
    if (i >= kWritingWorks) continue;
    work_bytes[i] = &registry.AddCounter("bellwether_storage_background_bytes_total",
                                         "Bytes that background work has written since start.", labels);
  }
  for (std::size_t i = 1; i < kRefusals; ++i) {
    refused[i] = &registry.AddCounter("bellwether_storage_refused_samples_total", "Samples not taken, by reason.",
                                      {{"reason", std::string(RefusalName(static_cast<Refusal>(i)))}});
  }
  for (std::size_t i = 0; i < kDiskParts; ++i) {
    disk_bytes[i] = &registry.AddGauge("bellwether_storage_disk_bytes",
                                       "Bytes that the store takes on disk; the parts add up to its directory.",
                                       {{"part", std::string(DiskPartName(static_cast<DiskPart>(i)))}});
  }
}

}  // namespace bellwether::storage
