// storage/rocks/storage_metrics.h
//
// bellwether_storage_*: what the embedded store counts about itself. Gauges are set by Maintain.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "storage/rocks/disk_usage.h"
#include "storage/storage.h"

namespace bellwether::storage {

// What the store does beside answering. Those that write come first.
enum class BackgroundWork : std::uint8_t { kSeal, kMerge, kSnapshot, kClean, kDelete, kBackup, kVerify };
inline constexpr std::size_t kWritingWorks = 4;
inline constexpr std::size_t kBackgroundWorks = 7;
constexpr std::size_t WorkIndex(BackgroundWork work) { return static_cast<std::size_t>(work); }
[[nodiscard]] std::string_view BackgroundWorkName(BackgroundWork work);  // "seal", "merge", ...

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
  std::array<base::Counter*, kBackgroundWorks> work_ms{};
  std::array<base::Counter*, kWritingWorks> work_bytes{};
  base::Gauge& windows_to_seal;
  base::Gauge& windows_to_clean;
  base::Gauge& merges_under_way;
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

// Adds the time of a piece of work when it goes.
class WorkTime {
 public:
  WorkTime(StorageMetrics& metrics, BackgroundWork work, base::Clock& clock)
      : spent_ms_(*metrics.work_ms[WorkIndex(work)]), clock_(clock), begin_ns_(clock.MonotonicNanos()) {}
  WorkTime(const WorkTime&) = delete;
  WorkTime& operator=(const WorkTime&) = delete;
  ~WorkTime() {
    const std::int64_t took_ns = clock_.MonotonicNanos() - begin_ns_;
    if (took_ns > 0) spent_ms_.Add(static_cast<std::uint64_t>(took_ns / 1'000'000));
  }

 private:
  base::Counter& spent_ms_;
  base::Clock& clock_;
  const std::int64_t begin_ns_;
};

}  // namespace bellwether::storage
