// storage/rocks/rocks_core.h
//
// The parts of the embedded store and what its appenders, queriers and the sealer share. The head holds the recent
// samples, the journal makes them durable, the catalogue names the sealed windows in the database.
//
// A sample's way: head (visible), journal (durable), and hours later a sealed window, after which head and journal
// forget it. Each step leaves the data in two places before it leaves one, so there is no moment when a crash loses
// any.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "storage/head/exemplar_ring.h"
#include "storage/head/head.h"
#include "storage/journal/file_system.h"
#include "storage/journal/journal.h"
#include "storage/metadata_table.h"
#include "storage/open.h"
#include "storage/rocks/catalogue.h"
#include "storage/rocks/commit_gate.h"
#include "storage/rocks/database.h"
#include "storage/rocks/label_cache.h"
#include "storage/rocks/memory_gate.h"
#include "storage/rocks/rocks_newest_archive.h"
#include "storage/rocks/seal_backlog.h"
#include "storage/rocks/storage_metrics.h"
#include "storage/rocks/write_gate.h"

namespace bellwether::storage {

// What only tests choose.
struct RocksInternals {
  FileSystem* journal_files = nullptr;  // Null: the machine's.
  std::uint64_t journal_segment_bytes = 128u << 20;
  base::DurationMs window = base::Hours(2);
  std::int64_t waiting_chunks_min = 256 << 10;        // Chunks that may wait to be sealed in any case: about 64 MiB.
  std::size_t idle_series_min = 10'000;               // So many are sealed ahead of their windows, see Sealer.
  std::uint64_t snapshot_journalled_min = 64u << 20;  // See HeadSnapshots::IsDue.
  // Called after each step of a seal or a merge, and of a snapshot when it has moved the mark; an error stops it there,
  // as a crash would.
  enum class SealStep { kWritten, kIngested, kNamed, kMarked, kMergeWritten, kMergeIngested, kMergeNamed };
  std::function<base::Status(SealStep)> after_seal_step;
  WriteGate::Probe disk_space;                          // Null: the machine's.
  std::function<std::uint64_t()> process_memory;        // Likewise; bytes.
  std::shared_ptr<rocksdb::FileSystem> database_files;  // Likewise.
};

// The highest of the times it was shown. Thread-safe.
class NewestTime {
 public:
  void Show(base::TimestampMs t) {
    std::int64_t seen = ms_.load(std::memory_order_relaxed);
    while (t.ms > seen && !ms_.compare_exchange_weak(seen, t.ms, std::memory_order_relaxed)) {
    }
  }
  [[nodiscard]] std::optional<base::TimestampMs> Get() const {
    const base::TimestampMs t(ms_.load(std::memory_order_relaxed));
    return t == base::TimestampMs::Min() ? std::nullopt : std::optional(t);
  }

 private:
  std::atomic<std::int64_t> ms_{base::TimestampMs::Min().ms};
};

class HeadSnapshots;

struct RocksCore {
  RocksCore(const StorageOptions& opts, const RocksInternals& intern, base::Clock& time,
            base::MetricsRegistry& registry);
  ~RocksCore();
  RocksCore(const RocksCore&) = delete;
  RocksCore& operator=(const RocksCore&) = delete;

  // Opens everything; reads the newest snapshot and replays the journal behind it. Errors: see OpenRocksStorage.
  [[nodiscard]] base::Status Open(std::shared_ptr<Database> opened);

  // Where the next record goes. Tells the head when what was journalled before does not count, so that it has series
  // defined again.
  Journal::Place FollowJournal();
  [[nodiscard]] std::string EncodeMetadata() const;
  [[nodiscard]] base::Status AfterStep(RocksInternals::SealStep step) const {
    return internals.after_seal_step ? internals.after_seal_step(step) : base::OkStatus();
  }
  // What must stay free on the disk so that two segments can be begun, a window sealed and snapshots taken.
  [[nodiscard]] std::uint64_t DiskReserve() const;
  // Those of the journal.
  [[nodiscard]] FileSystem& Files() { return internals.journal_files ? *internals.journal_files : *own_files; }
  // An empty head. Before anybody uses it.
  void ResetHead();

  // Constant after Open; each is thread-safe itself.
  const StorageOptions options;
  const RocksInternals internals;
  base::Clock& clock;
  StorageMetrics metrics;
  std::unique_ptr<FileSystem> own_files;
  std::shared_ptr<Database> database;
  std::unique_ptr<Catalogue> catalogue;
  LabelCache label_cache{options.label_cache_bytes, options.query_memory};
  std::unique_ptr<RocksNewestArchive> archive;
  std::unique_ptr<head::Head> head;
  std::unique_ptr<Journal> journal;
  CommitGate commit_gate;
  std::unique_ptr<HeadSnapshots> snapshots;  // For one thread at a time.
  head::ExemplarRing exemplars;
  MetadataTable metadata;
  NewestTime newest;       // Of everything, replayed and sealed too: what windows are sealed by.
  NewestTime newest_sent;  // Since start, from senders.
  SealBacklog backlog;
  WriteGate gate;
  MemoryGate memory_gate;

 private:
  [[nodiscard]] base::Status Replay(std::uint64_t read_from, std::uint64_t since, std::span<const SeriesRef> refs);
  [[nodiscard]] MemoryUse MeasureMemory() const;
  [[nodiscard]] std::string JournalPath() const { return options.path + "/journal"; }

  base::Mutex since_mu_;
  std::uint64_t followed_since_ BW_GUARDED_BY(since_mu_) = 0;
};

[[nodiscard]] std::unique_ptr<Appender> NewRocksAppender(RocksCore& core, AppendMode mode);
[[nodiscard]] std::unique_ptr<Querier> NewRocksQuerier(RocksCore& core, base::TimestampMs min, base::TimestampMs max);

// OpenRocksStorage with what only tests choose.
[[nodiscard]] base::Result<OpenedStorage> OpenRocksStorageWith(const StorageOptions& options,
                                                               const RocksInternals& internals, base::Clock& clock,
                                                               base::MetricsRegistry& metrics);

}  // namespace bellwether::storage
