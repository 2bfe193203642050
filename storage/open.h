// storage/open.h
//
// Makes the stores. Include it where a store is built (server, tests); everybody else needs storage.h or state_store.h.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/memory_share.h"
#include "base/metrics.h"
#include "base/status.h"
#include "base/time.h"
#include "storage/state_store.h"
#include "storage/storage.h"

namespace bellwether::storage {

enum class SyncPolicy : std::uint8_t {
  kAlways,    // A write is acknowledged after the sync that covers it.
  kInterval,  // Synced every sync_interval: a power cut loses at most that; kill -9 loses nothing.
  kOff,       // Left to the kernel.
};

struct StorageOptions {
  std::string path;  // Directory; made if absent. RocksDB store only.
  SyncPolicy sync = SyncPolicy::kAlways;
  base::DurationMs sync_interval = base::Seconds(1);
  base::DurationMs out_of_order_window = base::Hours(1);
  base::DurationMs future_limit = base::Minutes(10);
  base::DurationMs retention = base::Days(15);  // 0: for ever.
  std::uint64_t retention_bytes = 0;            // Of the whole folder; oldest windows go first. 0: no limit.
  std::size_t series_limit = 0;                 // Active series; 0: none.
  std::size_t exemplars_max = 100'000;
  std::size_t metadata_max = 100'000;   // Metrics.
  std::size_t chunk_samples_max = 240;  // Tests set 2.
  std::size_t block_cache_bytes = 64u << 20;
  std::size_t label_cache_bytes = 32u << 20;  // Label sets of sealed series, kept from one query to the next.
  std::size_t memtable_bytes = 8u << 20;      // Of each of four.
  std::uint64_t head_bytes_max = 0;           // Of series and recent samples; no new series beyond. 0: no bound.
  std::shared_ptr<base::MemoryShare> query_memory = nullptr;  // Where label sets that queries read count; may be null.
  std::shared_ptr<base::MemoryShare> standing_memory = nullptr;  // Where selections asked again count; null: no bound.
  bool background_thread = true;                                 // Off: Maintain is called by the owner (tests).
};

// A store and the state that lives beside it, in one directory with one lock.
struct OpenedStorage {
  std::unique_ptr<Storage> storage;
  std::unique_ptr<StateStore> state;
};

// Opens or makes the store at options.path and replays what was acknowledged. `clock` and `metrics` outlive it.
// Errors: kUnavailable (another process holds it: the message names the lock), kCorruption (with file and offset),
// kInternal (I/O).
[[nodiscard]] base::Result<OpenedStorage> OpenRocksStorage(const StorageOptions& options, base::Clock& clock,
                                                           base::MetricsRegistry& metrics);

// Complete and in memory; durability is a no-op. The options that concern disks are ignored.
[[nodiscard]] std::unique_ptr<Storage> NewMemoryStorage(const StorageOptions& options, base::Clock& clock,
                                                        base::MetricsRegistry& metrics);
[[nodiscard]] std::unique_ptr<StateStore> NewMemoryStateStore(base::Clock& clock);

}  // namespace bellwether::storage
