// storage/rocks/database.h
//
// One RocksDB under <path>/db with four column families, opened with the settings that 7.8.3 is safe and quick with:
//
//   default  unused; RocksDB insists on it
//   meta     catalogue of sealed windows and the journal's low-water mark; small synced batches
//   state    the state store's entries; small synced batches
//   data     blocks of sealed series; ingested files only, never a memtable
//   index    series tables and postings of sealed windows; ingested files only
//
// Left off, because this release has bugs there: WAL compression, WAL tracking in the manifest, manual WAL flush,
// unordered writes, universal and FIFO compaction, ingesting over memtable keys.
//
// Thread-safe. Everything handed out is good as long as the Database.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Status;
class WriteBatch;
}  // namespace rocksdb

namespace bellwether::storage {

class Database {
 public:
  struct Options {
    std::string path;  // Made if absent.
    std::size_t block_cache_bytes = 64u << 20;
  };

  // `clock` tells which state entries have expired; it outlives the database.
  // Errors: kCorruption, kUnavailable (disk full, held by another process), kInternal (I/O).
  [[nodiscard]] static base::Result<std::unique_ptr<Database>> Open(const Options& options, base::Clock& clock);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] rocksdb::DB& db() { return *db_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* meta() { return meta_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* state() { return state_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* data() { return data_; }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* index() { return index_; }

 private:
  struct Parts;
  Database() = default;

  std::unique_ptr<Parts> parts_;  // Filters, caches: what must outlive the open database.
  rocksdb::DB* db_ = nullptr;
  rocksdb::ColumnFamilyHandle* default_ = nullptr;
  rocksdb::ColumnFamilyHandle* meta_ = nullptr;
  rocksdb::ColumnFamilyHandle* state_ = nullptr;
  rocksdb::ColumnFamilyHandle* data_ = nullptr;
  rocksdb::ColumnFamilyHandle* index_ = nullptr;
};

// RocksDB's status in our words: "<doing>: <its message>". No space is kUnavailable, corruption kCorruption, the rest
// kInternal.
[[nodiscard]] base::Status FromRocks(const rocksdb::Status& status, std::string_view doing);

// Writes the batch and syncs the WAL. A database that has stopped taking writes because the disk was full is resumed
// first when there is room again. On an error nothing of the batch is visible.
[[nodiscard]] base::Status WriteSynced(Database& database, rocksdb::WriteBatch& batch, std::string_view doing);

}  // namespace bellwether::storage
