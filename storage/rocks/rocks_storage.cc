#include "storage/rocks/rocks_storage.h"

#include <algorithm>

#include "base/log.h"
#include "storage/rocks/directory_lock.h"
#include "storage/rocks/rocks_state_store.h"

namespace bellwether::storage {
namespace {

constexpr base::DurationMs kMaintainEvery = base::Seconds(30);
constexpr base::DurationMs kLookEvery = base::DurationMs(250);

// The database and the lock on its directory; the lock goes last.
struct LockedDatabase {
  std::unique_ptr<DirectoryLock> lock;
  std::unique_ptr<Database> database;
};

base::Result<std::shared_ptr<Database>> OpenLocked(const StorageOptions& options, base::Clock& clock) {
  auto locked = std::make_shared<LockedDatabase>();
  BW_ASSIGN_OR_RETURN(locked->lock, DirectoryLock::Acquire(options.path));
  BW_ASSIGN_OR_RETURN(
      locked->database,
      Database::Open({.path = options.path + "/db", .block_cache_bytes = options.block_cache_bytes}, clock));
  Database* database = locked->database.get();
  return std::shared_ptr<Database>(std::move(locked), database);
}

}  // namespace

RocksStorage::RocksStorage(std::unique_ptr<RocksCore> core) : core_(std::move(core)), sealer_(*core_) {
  SetGauges();
  if (!core_->options.background_thread) return;
  background_ = std::jthread([this](const std::stop_token& stop) { RunBackground(stop); });
}

RocksStorage::~RocksStorage() {
  if (background_.joinable()) {
    background_.request_stop();
    background_.join();
  }
}

std::unique_ptr<Appender> RocksStorage::NewAppender(AppendMode mode) { return NewRocksAppender(*core_, mode); }

std::unique_ptr<Querier> RocksStorage::NewQuerier(base::TimestampMs min, base::TimestampMs max) {
  return NewRocksQuerier(*core_, min, max);
}

base::Status RocksStorage::Sync() { return core_->journal->Sync(); }

base::Result<std::vector<ExemplarSeries>> RocksStorage::Exemplars(
    base::TimestampMs min, base::TimestampMs max, std::span<const std::vector<metric::Matcher>> selectors) {
  return core_->exemplars.Select(min, max, selectors);
}

std::vector<MetricMetadata> RocksStorage::Metadata(std::string_view metric) const {
  return core_->metadata.Select(metric);
}

StorageStats RocksStorage::Stats(std::size_t limit) const {
  StorageStats stats = core_->head->Stats(limit);
  stats.disk_bytes = DiskBytes();
  for (const auto& window : *core_->catalogue->windows()) {
    const WindowEntry& entry = window->entry();
    stats.min_time = stats.min_time ? std::min(*stats.min_time, entry.min) : entry.min;
    stats.max_time = stats.max_time ? std::max(*stats.max_time, entry.max) : entry.max;
  }
  return stats;
}

std::optional<base::TimestampMs> RocksStorage::NewestSample() const { return core_->newest_sent.Get(); }

base::Status RocksStorage::Maintain() {
  const base::MutexLock lock(maintain_mu_);
  base::Status status = sealer_.Run();
  if (!status.ok()) core_->metrics.failed_maintenance.Add();
  SetGauges();
  return status;
}

std::uint64_t RocksStorage::DiskBytes() const {
  std::uint64_t bytes = 0;
  for (const auto& window : *core_->catalogue->windows()) bytes += window->entry().bytes;
  for (const SegmentInfo& segment : core_->journal->Segments()) bytes += segment.bytes;
  return bytes;
}

void RocksStorage::SetGauges() {
  StorageMetrics& metrics = core_->metrics;
  const std::vector<SegmentInfo> segments = core_->journal->Segments();
  std::uint64_t journal_bytes = 0;
  for (const SegmentInfo& segment : segments) journal_bytes += segment.bytes;
  metrics.head_series.Set(static_cast<double>(core_->head->SeriesCount()));
  metrics.windows.Set(static_cast<double>(core_->catalogue->windows()->size()));
  metrics.disk_bytes.Set(static_cast<double>(DiskBytes()));
  metrics.journal_segments.Set(static_cast<double>(segments.size()));
  metrics.journal_bytes.Set(static_cast<double>(journal_bytes));
  metrics.journal_syncs.Set(static_cast<double>(core_->journal->counters().syncs));
}

bool RocksStorage::IsSealPressing() {
  const base::MutexLock lock(maintain_mu_);
  const bool is_behind = sealer_.IsBehind();
  core_->backlog.SetFull(is_behind);
  return is_behind || sealer_.IsPressing();
}

void RocksStorage::MaintainOrLog() {
  const base::Status done = Maintain();
  core_->backlog.SetFull(false);  // If it failed, waiting for it would not help.
  if (!done.ok()) BW_LOG_EVERY(std::chrono::seconds(10), kError, "storage maintenance failed", {"error", done});
}

void RocksStorage::RunBackground(const std::stop_token& stop) {
  base::TimestampMs synced = core_->clock.Now();
  base::TimestampMs maintained = synced;
  // A clock that was set back counts as time gone by.
  const auto is_over = [](base::TimestampMs now, base::TimestampMs since, base::DurationMs pause) {
    return now < since || now >= since + pause;
  };
  while (core_->clock.SleepUntil(core_->clock.Now() + kLookEvery, stop)) {
    const base::TimestampMs now = core_->clock.Now();
    if (core_->options.sync == SyncPolicy::kInterval && is_over(now, synced, core_->options.sync_interval)) {
      synced = now;
      if (const base::Status flushed = core_->journal->Flush(); !flushed.ok()) {
        BW_LOG_EVERY(std::chrono::seconds(10), kError, "journal not synced", {"error", flushed});
      }
    }
    if (!IsSealPressing() && !is_over(now, maintained, kMaintainEvery)) continue;
    maintained = now;
    MaintainOrLog();
  }
}

base::Result<OpenedStorage> OpenRocksStorageWith(const StorageOptions& options, const RocksInternals& internals,
                                                 base::Clock& clock, base::MetricsRegistry& metrics) {
  BW_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, OpenLocked(options, clock));
  auto core = std::make_unique<RocksCore>(options, internals, clock, metrics);
  if (base::Status opened = core->Open(database); !opened.ok()) {
    return opened.WithContext("open storage " + options.path);
  }
  OpenedStorage result;
  result.storage = std::make_unique<RocksStorage>(std::move(core));
  result.state = NewRocksStateStore(database, clock);
  return result;
}

base::Result<OpenedStorage> OpenRocksStorage(const StorageOptions& options, base::Clock& clock,
                                             base::MetricsRegistry& metrics) {
  return OpenRocksStorageWith(options, RocksInternals(), clock, metrics);
}

}  // namespace bellwether::storage
