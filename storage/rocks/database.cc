#include "storage/rocks/database.h"

#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/metadata.h>
#include <rocksdb/rate_limiter.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "storage/rocks/resumable_file_system.h"
#include "storage/rocks/rocks_newest_archive.h"
#include "storage/rocks/rocks_state_store.h"

namespace bellwether::storage {

struct Database::Parts {
  std::unique_ptr<rocksdb::CompactionFilter> state_filter;
  std::unique_ptr<rocksdb::CompactionFilter> newest_filter;
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::RateLimiter> rate_limiter;
  std::atomic<std::uint64_t> syncs{0};
  std::unique_ptr<rocksdb::Env> env;
};

namespace {

// Half of what a small volume in a cloud writes. Sealing needs a tenth of it at a million samples a second. RocksDB
// would tune it by itself, but by a twentieth in ten seconds: far too slowly after a quiet while.
constexpr std::int64_t kBackgroundBytesPerSecond = 64 << 20;

// Chunks are noise to a compressor, all but their headers: what level 3 looks for costs twice the time and comes out a
// little larger. Label sets and posting lists repeat themselves.
constexpr int kDataLevel = 1;
constexpr int kIndexLevel = 6;

// What is newest of series that left is seldom asked for: no reason to hold much of it in memory.
constexpr std::size_t kNewestMemtableMax = 2u << 20;
// Each look-up that a filter lets pass in vain leaves a block in the cache: one in two thousand, not one in a hundred.
constexpr double kNewestFilterBits = 16;

rocksdb::DBOptions MakeDatabaseOptions(rocksdb::Env* env, std::shared_ptr<rocksdb::RateLimiter> rate_limiter) {
  rocksdb::DBOptions options;
  options.env = env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.max_open_files = -1;
  options.skip_stats_update_on_db_open = true;
  options.skip_checking_sst_file_sizes_on_db_open = true;
  options.max_total_wal_size = 128u << 20;
  options.bytes_per_sync = 1u << 20;
  options.max_background_jobs = 2;
  options.paranoid_checks = true;
  options.keep_log_file_num = 5;
  options.max_log_file_size = 4u << 20;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.avoid_flush_during_shutdown = true;  // What matters is in the log.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.rate_limiter = std::move(rate_limiter);
  return options;
}

// For the families that take small synced batches.
rocksdb::ColumnFamilyOptions WrittenFamily(const std::shared_ptr<rocksdb::Cache>& cache, std::size_t memtable_bytes) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = memtable_bytes;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.format_version = 5;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

// Asked for each new series, and nearly always in vain: filters answer for the memtable, too, and what filters and
// indices take in memory is bounded with the cache.
rocksdb::ColumnFamilyOptions NewestFamily(const std::shared_ptr<rocksdb::Cache>& cache, std::size_t memtable_bytes) {
  rocksdb::ColumnFamilyOptions options = WrittenFamily(cache, memtable_bytes);
  options.write_buffer_size = std::min(memtable_bytes, kNewestMemtableMax);
  options.memtable_prefix_bloom_size_ratio = 0.02;
  options.memtable_whole_key_filtering = true;
  options.compression = rocksdb::kLZ4Compression;
  auto& table = *options.table_factory->GetOptions<rocksdb::BlockBasedTableOptions>();
  table.cache_index_and_filter_blocks = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kNewestFilterBits));
  return options;
}

// For the families that take whole files.
rocksdb::ColumnFamilyOptions IngestedFamily(const std::shared_ptr<rocksdb::Cache>& cache, std::size_t block_bytes,
                                            int zstd_level) {
  rocksdb::ColumnFamilyOptions options;
  options.disable_auto_compactions = true;
  options.write_buffer_size = 1u << 20;
  options.compression = rocksdb::kZSTD;
  options.compression_opts.level = zstd_level;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = block_bytes;
  table.format_version = 5;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

base::Result<std::unique_ptr<Database>> Database::Open(const Options& options, base::Clock& clock) {
  std::unique_ptr<Database> database(new Database);
  database->parts_ = std::make_unique<Parts>();
  Parts& parts = *database->parts_;
  parts.state_filter = NewStateExpiryFilter(clock);
  parts.cache = rocksdb::NewLRUCache(options.block_cache_bytes);

  parts.rate_limiter.reset(rocksdb::NewGenericRateLimiter(kBackgroundBytesPerSecond, 100'000, 10,
                                                          rocksdb::RateLimiter::Mode::kWritesOnly, false));
  parts.env = rocksdb::NewCompositeEnv(
      NewResumableFileSystem(options.files != nullptr ? options.files : rocksdb::FileSystem::Default(), parts.syncs));

  rocksdb::ColumnFamilyOptions state = WrittenFamily(parts.cache, options.memtable_bytes);
  state.compaction_filter = parts.state_filter.get();
  state.periodic_compaction_seconds = 24 * 3600;  // What has expired leaves the disk within about a day.
  parts.newest_filter = NewNewestExpiryFilter(clock, options.retention);
  rocksdb::ColumnFamilyOptions newest = NewestFamily(parts.cache, options.memtable_bytes);
  newest.compaction_filter = parts.newest_filter.get();
  newest.periodic_compaction_seconds = 24 * 3600;
  const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, WrittenFamily(parts.cache, options.memtable_bytes)},
      {"meta", WrittenFamily(parts.cache, options.memtable_bytes)},
      {"state", state},
      {"newest", newest},
      {"data", IngestedFamily(parts.cache, 32u << 10, kDataLevel)},
      {"index", IngestedFamily(parts.cache, 16u << 10, kIndexLevel)}};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DBOptions settings = MakeDatabaseOptions(parts.env.get(), parts.rate_limiter);
  rocksdb::Status opened;
  if (options.access == Access::kLook) {
    settings.create_if_missing = false;
    settings.create_missing_column_families = false;
    opened = rocksdb::DB::OpenForReadOnly(settings, options.path, families, &handles, &database->db_);
  } else {
    opened = rocksdb::DB::Open(settings, options.path, families, &handles, &database->db_);
  }
  if (!opened.ok()) return FromRocks(opened, "open database " + options.path);
  database->default_ = handles[0];
  database->meta_ = handles[1];
  database->state_ = handles[2];
  database->newest_ = handles[3];
  database->data_ = handles[4];
  database->index_ = handles[5];
  return database;
}

Database::~Database() {
  if (db_ == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* family : {default_, meta_, state_, newest_, data_, index_}) {
    const rocksdb::Status ignored = db_->DestroyColumnFamilyHandle(family);  // Cannot fail for live handles.
    ignored.PermitUncheckedError();
  }
  const rocksdb::Status closed = db_->Close();  // Everything written was synced before: nothing can be lost here.
  closed.PermitUncheckedError();
  delete db_;
}

// Resume asks first whether anything is wrong, and leaves a recovery alone that is under way.
base::Status Database::Health() { return FromRocks(db_->Resume(), "let the database take writes again"); }

void Database::Pace(std::uint64_t bytes) {
  while (bytes > 0) {
    const std::int64_t burst = parts_->rate_limiter->GetSingleBurstBytes();
    const auto part = std::min(bytes, static_cast<std::uint64_t>(burst));
    parts_->rate_limiter->Request(static_cast<std::int64_t>(part), rocksdb::Env::IO_LOW, nullptr,
                                  rocksdb::RateLimiter::OpType::kWrite);
    bytes -= part;
  }
}

void Database::StopPacing() { parts_->rate_limiter->SetBytesPerSecond(std::int64_t{1} << 40); }

Database::Usage Database::usage() const {
  Usage usage;
  usage.block_cache_bytes = parts_->cache->GetUsage();
  for (rocksdb::ColumnFamilyHandle* family : {default_, meta_, state_, newest_, data_, index_}) {
    std::uint64_t bytes = 0;
    if (db_->GetIntProperty(family, rocksdb::DB::Properties::kSizeAllMemTables, &bytes)) usage.memtable_bytes += bytes;
  }
  usage.syncs = parts_->syncs.load(std::memory_order_relaxed);
  usage.background_bytes = static_cast<std::uint64_t>(parts_->rate_limiter->GetTotalBytesThrough());
  return usage;
}

TableParts Database::Tables() const {
  std::vector<rocksdb::LiveFileMetaData> files;
  db_->GetLiveFilesMetaData(&files);
  TableParts parts;
  for (const rocksdb::LiveFileMetaData& file : files) {
    const std::string name = file.name.substr(file.name.rfind('/') + 1);
    DiskPart part = DiskPart::kState;
    if (file.column_family_name == "data") part = DiskPart::kData;
    if (file.column_family_name == "index") part = DiskPart::kIndex;
    parts.emplace(name, part);
  }
  return parts;
}

base::Status FromRocks(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return base::OkStatus();
  std::string message = std::string(doing) + ": " + status.ToString();
  if (status.IsNoSpace() || status.IsBusy()) return base::Unavailable(std::move(message));
  if (status.IsCorruption()) return base::Corruption(std::move(message));
  return base::Internal(std::move(message));
}

namespace {

// Recovery begins a new log only when some memtable has an entry to be flushed; otherwise the next write goes to the
// log that failed, which 7.8.3 takes for a bug (an assertion). So one family always has an entry: it is not logged, and
// is made again after each flush.
rocksdb::Status KeepAMemtable(Database& database) {
  std::uint64_t entries = 0;
  const bool known =
      database.db().GetIntProperty(database.unused(), rocksdb::DB::Properties::kNumEntriesActiveMemTable, &entries);
  if (known && entries > 0) return rocksdb::Status::OK();
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  return database.db().Put(unlogged, database.unused(), "recovery", "");
}

}  // namespace

base::Status WriteSynced(Database& database, rocksdb::WriteBatch& batch, std::string_view doing) {
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const rocksdb::Status kept = KeepAMemtable(database);
  return FromRocks(kept.ok() ? database.db().Write(synced, &batch) : kept, doing);
}

}  // namespace bellwether::storage
