// storage/rocks/database.h
//
// One RocksDB under <path>/db with five column families, opened with the settings that 7.8.3 is safe and quick with:
//
//   default  RocksDB insists on it; holds a key in memory that makes recovery work, see WriteSynced
//   meta     catalogue of sealed windows and the journal's low-water mark; small synced batches
//   state    the state store's entries; small synced batches
//   newest   newest samples of series that left the head, by label set; batches of maintenance
//   data     blocks of sealed series; ingested files only, never a memtable
//   index    series tables and postings of sealed windows; ingested files only
//
// A write that fails because the disk is full, read-only or broken stops RocksDB's writes for some seconds at least;
// they go on by themselves when the disk works again (resumable_file_system.h). Reads go on all the time. Flushes,
// merges, seals and snapshots of the head share one rate limit.
//
// Left off, because this release has bugs there: WAL compression, WAL tracking in the manifest, manual WAL flush,
// unordered writes, universal and FIFO compaction, ingesting over memtable keys.
//
// Thread-safe. Everything handed out is good as long as the Database.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "base/time.h"
#include "storage/rocks/disk_usage.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class FileSystem;
class Status;
class WriteBatch;
}  // namespace rocksdb

namespace bellwether::storage {

class Database {
 public:
  enum class Access : std::uint8_t {
    kOwn,
    kLook,  // For reading alone: nothing is made, repaired or written.
  };
  struct Options {
    std::string path;  // Made if absent.
    std::size_t block_cache_bytes = 64u << 20;
    std::size_t memtable_bytes = 8u << 20;                 // Of meta, state, newest: written out when this full.
    base::DurationMs retention = base::DurationMs(0);      // Of samples: what is newest goes from `newest` with it.
    std::shared_ptr<rocksdb::FileSystem> files = nullptr;  // Null: the machine's. Tests break it.
    Access access = Access::kOwn;
  };

  // Bytes in memory now, and since start: what background work has written, and syncs of files.
  struct Usage {
    std::size_t block_cache_bytes = 0;
    std::size_t memtable_bytes = 0;
    std::uint64_t background_bytes = 0;
    std::uint64_t syncs = 0;
  };

  // `clock` tells which entries have expired; it outlives the database.
  // Errors: kCorruption, kUnavailable (disk full, held by another process), kInternal (I/O).
  [[nodiscard]] static base::Result<std::unique_ptr<Database>> Open(const Options& options, base::Clock& clock);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] rocksdb::DB& db() { return *db_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* unused() { return default_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* meta() { return meta_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* state() { return state_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* newest() { return newest_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* data() { return data_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* index() { return index_; }

  // OK if writes are taken. Cheap. kUnavailable: they will be when the disk works again.
  [[nodiscard]] base::Status Health();
  [[nodiscard]] Usage usage() const;
  // Before background work writes these bytes past RocksDB: waits until the rate limit has room for them.
  void Pace(std::uint64_t bytes);
  // Nobody is to wait any more: the store is being closed.
  void StopPacing();
  // Which of the files in the database's directory hold what.
  [[nodiscard]] TableParts Tables() const;

 private:
  struct Parts;
  Database() = default;

  std::unique_ptr<Parts> parts_;  // Filters, caches: what must outlive the open database.
  rocksdb::DB* db_ = nullptr;
  rocksdb::ColumnFamilyHandle* default_ = nullptr;
  rocksdb::ColumnFamilyHandle* meta_ = nullptr;
  rocksdb::ColumnFamilyHandle* state_ = nullptr;
  rocksdb::ColumnFamilyHandle* newest_ = nullptr;
  rocksdb::ColumnFamilyHandle* data_ = nullptr;
  rocksdb::ColumnFamilyHandle* index_ = nullptr;
};

// RocksDB's status in our words: "<doing>: <its message>". No space is kUnavailable, corruption kCorruption, the rest
// kInternal.
[[nodiscard]] base::Status FromRocks(const rocksdb::Status& status, std::string_view doing);

// Writes the batch and syncs the WAL; batches written at the same time share a sync. On an error nothing of the batch
// is visible. Errors: kUnavailable (the disk is full, read-only or broken), kInternal.
[[nodiscard]] base::Status WriteSynced(Database& database, rocksdb::WriteBatch& batch, std::string_view doing);

}  // namespace bellwether::storage
