#include "storage/rocks/rocks_storage.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "base/process_memory.h"
#include "storage/rocks/data_format.h"
#include "storage/rocks/directory_lock.h"
#include "storage/rocks/head_snapshots.h"
#include "storage/rocks/rocks_state_store.h"

namespace bellwether::storage {
namespace {

constexpr base::DurationMs kMaintainEvery = base::Seconds(30);
constexpr base::DurationMs kLookEvery = base::DurationMs(250);
constexpr base::DurationMs kRetryFailedEvery = base::Seconds(5);
constexpr std::int64_t kMeasureDiskEveryNs = 5'000'000'000;
// A merge works half of the time at most: the rest is for those who wait for answers.
constexpr std::chrono::milliseconds kMergeSlice{40};
constexpr base::DurationMs kMergePause = base::DurationMs(40);
constexpr base::DurationMs kMergeLookEvery = base::Seconds(1);
constexpr base::DurationMs kMergeRetryEvery = base::Minutes(1);
constexpr base::DurationMs kTrimEvery = base::Seconds(10);

// The database and the lock on its directory; the lock goes last.
struct LockedDatabase {
  std::unique_ptr<DirectoryLock> lock;
  std::unique_ptr<Database> database;
};

base::Result<std::shared_ptr<Database>> OpenLocked(const StorageOptions& options, const RocksInternals& internals,
                                                   base::Clock& clock) {
  auto locked = std::make_shared<LockedDatabase>();
  BW_ASSIGN_OR_RETURN(locked->lock, DirectoryLock::Acquire(options.path));
  BW_RETURN_IF_ERROR(PrepareDataFormat(options.path));
  BW_ASSIGN_OR_RETURN(locked->database, Database::Open({.path = options.path + "/db",
                                                        .block_cache_bytes = options.block_cache_bytes,
                                                        .memtable_bytes = options.memtable_bytes,
                                                        .retention = options.retention,
                                                        .files = internals.database_files},
                                                       clock));
  Database* database = locked->database.get();
  return std::shared_ptr<Database>(std::move(locked), database);
}

}  // namespace

RocksStorage::RocksStorage(std::unique_ptr<RocksCore> core)
    : core_(std::move(core)), sealer_(*core_), merger_(*core_), admin_(*core_, maintain_mu_) {
  core_->metrics.database_healthy.Set(1);
  SetGauges();
  MeasureDiskIfDue();
  core_->gate.SetReserve(core_->DiskReserve());
  core_->memory_gate.Look();
  if (!core_->options.background_thread) return;
  background_ = std::jthread([this](const std::stop_token& stop) { RunBackground(stop); });
}

RocksStorage::~RocksStorage() {
  core_->database->StopPacing();
  if (background_.joinable()) {
    background_.request_stop();
    background_.join();
  }
  const base::MutexLock lock(maintain_mu_);
  if (!core_->snapshots->HasNews()) return;
  if (const base::Status taken = TakeSnapshot(); !taken.ok()) {
    BW_LOG(kWarning, "no snapshot at the end; the next start reads the journal", {"error", taken});
  }
}

std::unique_ptr<Appender> RocksStorage::NewAppender(AppendMode mode) { return NewRocksAppender(*core_, mode); }

std::unique_ptr<Querier> RocksStorage::NewQuerier(base::TimestampMs min, base::TimestampMs max) {
  return NewRocksQuerier(*core_, min, max);
}

base::Status RocksStorage::Sync() {
  base::Status synced = core_->journal->Sync();
  core_->gate.NoteCommit(synced);
  return synced;
}

base::Status RocksStorage::WaitDurable(const CommitResult& committed) {
  base::Status status = core_->journal->WaitDurable(committed.sequence);
  core_->gate.NoteCommit(status);
  if (!status.ok()) core_->metrics.failed_commits.Add();
  core_->metrics.commit_seconds.Observe(static_cast<double>(core_->clock.MonotonicNanos() - committed.begun_nanos) /
                                        1e9);
  return status;
}

base::Result<std::vector<ExemplarSeries>> RocksStorage::Exemplars(
    base::TimestampMs min, base::TimestampMs max, std::span<const std::vector<metric::Matcher>> selectors) {
  return core_->exemplars.Select(min, max, selectors);
}

std::vector<MetricMetadata> RocksStorage::Metadata(std::string_view metric) const {
  return core_->metadata.Select(metric);
}

StorageStats RocksStorage::Stats(std::size_t limit) const {
  StorageStats stats = core_->head->Stats(limit);
  stats.disk_bytes = disk_bytes_.load(std::memory_order_relaxed);
  for (const auto& window : *core_->catalogue->windows()) {
    const WindowEntry& entry = window->entry();
    stats.min_time = stats.min_time ? std::min(*stats.min_time, entry.min) : entry.min;
    stats.max_time = stats.max_time ? std::max(*stats.max_time, entry.max) : entry.max;
  }
  return stats;
}

std::optional<base::TimestampMs> RocksStorage::NewestSample() const { return core_->newest_sent.Get(); }

base::Status RocksStorage::SealAndMeasure() {
  const base::Status health = core_->database->Health();
  core_->metrics.database_healthy.Set(health.ok() ? 1 : 0);
  base::Status status = sealer_.Run();
  if (core_->snapshots->IsDue()) {
    base::Status taken = TakeSnapshot();
    if (status.ok()) status = std::move(taken);
  }
  if (!status.ok()) core_->metrics.failed_maintenance.Add();
  SetGauges();
  MeasureDiskIfDue();
  core_->gate.SetReserve(core_->DiskReserve());
  core_->gate.Look();
  core_->memory_gate.Look();
  return status;
}

base::Status RocksStorage::TakeSnapshot() { return core_->snapshots->Take(sealer_.HandedOver()); }

base::Status RocksStorage::Maintain() {
  const base::MutexLock lock(maintain_mu_);
  BW_RETURN_IF_ERROR(SealAndMeasure());
  for (bool more = true; more;) {
    const base::Result<bool> worked = merger_.Work(kMergeSlice);
    if (!worked.ok()) {
      core_->metrics.failed_maintenance.Add();
      return worked.status();
    }
    more = *worked;
  }
  SetGauges();
  return base::OkStatus();
}

base::Result<bool> RocksStorage::MergeSlice() {
  const base::MutexLock lock(maintain_mu_);
  base::Result<bool> worked = merger_.Work(kMergeSlice);
  if (!worked.ok()) {
    core_->metrics.failed_maintenance.Add();
    BW_LOG(kError, "windows not merged", {"error", worked.status()});
  }
  return worked;
}

// A seal under pressure maintains several times a second; the directory is not walked as often.
void RocksStorage::MeasureDiskIfDue() {
  const std::int64_t now = core_->clock.MonotonicNanos();
  if (disk_measured_ns_ && now - *disk_measured_ns_ < kMeasureDiskEveryNs) return;
  disk_measured_ns_ = now;
  const DiskUsage usage = MeasureDisk(core_->options.path, core_->database->Tables());
  disk_bytes_.store(usage.Total(), std::memory_order_relaxed);
  for (std::size_t i = 0; i < kDiskParts; ++i) {
    core_->metrics.disk_bytes[i]->Set(static_cast<double>(usage.bytes[i]));
  }
}

void RocksStorage::SetGauges() {
  StorageMetrics& metrics = core_->metrics;
  const std::vector<SegmentInfo> segments = core_->journal->Segments();
  std::uint64_t journal_bytes = 0;
  for (const SegmentInfo& segment : segments) journal_bytes += segment.bytes;
  metrics.head_series.Set(static_cast<double>(core_->head->SeriesCount()));
  const std::shared_ptr<const WindowList> windows = core_->catalogue->windows();
  metrics.windows.Set(static_cast<double>(windows->size()));
  metrics.windows_to_clean.Set(static_cast<double>(
      std::count_if(windows->begin(), windows->end(), [](const auto& w) { return !w->deleted().empty(); })));
  const Database::Usage database = core_->database->usage();
  metrics.background_bytes.Set(static_cast<double>(database.background_bytes));
  metrics.database_syncs.Set(static_cast<double>(database.syncs));
  metrics.journal_segments.Set(static_cast<double>(segments.size()));
  metrics.journal_bytes.Set(static_cast<double>(journal_bytes));
  metrics.journal_syncs.Set(static_cast<double>(core_->journal->counters().syncs));
}

bool RocksStorage::IsSealPressing() {
  const base::MutexLock lock(maintain_mu_);
  const bool is_behind = sealer_.IsBehind();
  core_->backlog.SetFull(is_behind);
  return is_behind || sealer_.IsPressing() || core_->snapshots->IsDue();
}

bool RocksStorage::SealOrLog(bool& freed) {
  const base::MutexLock lock(maintain_mu_);
  const base::Status done = SealAndMeasure();
  freed = sealer_.TakeFreed() || freed;
  core_->backlog.SetFull(false);  // If it failed, waiting for it would not help.
  if (!done.ok()) BW_LOG_EVERY(std::chrono::seconds(10), kError, "storage maintenance failed", {"error", done});
  return done.ok();
}

void RocksStorage::RunBackground(const std::stop_token& stop) {
  base::TimestampMs synced = core_->clock.Now();
  base::TimestampMs maintained = synced;
  base::TimestampMs merge_looked = synced;
  base::TimestampMs trimmed = synced;
  bool trim_owed = false;  // What was freed lies between what is in use: the allocator keeps it until it is asked.
  bool failed = false;
  bool merging = false;
  bool merge_failed = false;
  // A clock that was set back counts as time gone by.
  const auto is_over = [](base::TimestampMs now, base::TimestampMs since, base::DurationMs pause) {
    return now < since || now >= since + pause;
  };
  while (core_->clock.SleepUntil(core_->clock.Now() + (merging ? kMergePause : kLookEvery), stop)) {
    const base::TimestampMs now = core_->clock.Now();
    core_->memory_gate.Look();
    if (core_->options.sync == SyncPolicy::kInterval && is_over(now, synced, core_->options.sync_interval)) {
      synced = now;
      if (const base::Status flushed = core_->journal->Flush(); !flushed.ok()) {
        BW_LOG_EVERY(std::chrono::seconds(10), kError, "journal not synced", {"error", flushed});
      }
    }
    const base::DurationMs pause = failed ? kRetryFailedEvery : base::DurationMs();
    if ((IsSealPressing() && is_over(now, maintained, pause)) || is_over(now, maintained, kMaintainEvery)) {
      maintained = now;
      failed = !SealOrLog(trim_owed);
    }
    if (merging || is_over(now, merge_looked, merge_failed ? kMergeRetryEvery : kMergeLookEvery)) {
      merge_looked = now;
      const base::Result<bool> worked = MergeSlice();
      merge_failed = !worked.ok();
      trim_owed = trim_owed || merging;
      merging = worked.ok() && *worked;
    }
    if (trim_owed && !merging && is_over(now, trimmed, kTrimEvery)) {
      base::ReturnFreeMemory();
      trim_owed = false;
      trimmed = now;
    }
  }
}

base::Result<OpenedStorage> OpenRocksStorageWith(const StorageOptions& options, const RocksInternals& internals,
                                                 base::Clock& clock, base::MetricsRegistry& metrics) {
  BW_ASSIGN_OR_RETURN(const std::shared_ptr<Database> database, OpenLocked(options, internals, clock));
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
