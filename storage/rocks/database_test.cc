// The database over disks that fail: it takes writes again without being opened again, and what it acknowledged is
// there.
#include "storage/rocks/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/file_system.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <string>

#include "storage/rocks/rocks_state_store.h"

namespace bellwether::storage {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using testing::HasSubstr;

enum class Sickness { kNone, kFull, kReadOnly, kFailedSync, kFailedWrite };

// The machine's files, sick on demand.
class SickFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  SickFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  [[nodiscard]] const char* Name() const override { return "bellwether.Sick"; }
  void Set(Sickness sickness) { sickness_ = sickness; }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) override {
    if (sickness_ == Sickness::kReadOnly) return Fault("create");
    IOStatus made = target()->NewWritableFile(path, options, file, debug);
    if (made.ok()) *file = std::make_unique<File>(*this, std::move(*file));
    return made;
  }

 private:
  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(SickFileSystem& owner, std::unique_ptr<rocksdb::FSWritableFile> file)
        : FSWritableFileOwnerWrapper(std::move(file)), owner_(owner) {}
    IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* debug) override {
      if (!owner_.FailsWrites()) return target()->Append(data, options, debug);
      const rocksdb::Slice half(data.data(), data.size() / 2);
      const IOStatus ignored = target()->Append(half, options, debug);
      ignored.PermitUncheckedError();
      return owner_.Fault("append");
    }
    IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                    IODebugContext* debug) override {
      return Append(data, options, debug);
    }
    IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
      return owner_.sickness_ == Sickness::kNone ? target()->Sync(options, debug) : owner_.Fault("sync");
    }
    IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override { return Sync(options, debug); }

   private:
    SickFileSystem& owner_;
  };

  [[nodiscard]] bool FailsWrites() const { return sickness_ != Sickness::kNone && sickness_ != Sickness::kFailedSync; }
  [[nodiscard]] IOStatus Fault(const char* doing) const {
    switch (sickness_) {
      case Sickness::kFull: return IOStatus::NoSpace(doing);
      case Sickness::kReadOnly: return IOStatus::IOError(doing, "Read-only file system");
      default: return IOStatus::IOError(doing, "Input/output error");
    }
  }

  std::atomic<Sickness> sickness_{Sickness::kNone};
};

class DatabaseTest : public testing::Test {
 protected:
  DatabaseTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bw_database_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~DatabaseTest() override {
    store_.reset();
    database_.reset();
    std::filesystem::remove_all(path_);
  }

  void Open() {
    store_.reset();
    database_.reset();
    auto opened = Database::Open({.path = path_ + "/db", .files = files_}, clock_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    database_ = std::move(*opened);
    store_ = NewRocksStateStore(database_, clock_);
  }
  base::Status Put(const std::string& key) {
    StateBatch batch;
    batch.Put(key, "value of " + key);
    return store_->Apply(batch);
  }
  // RocksDB looks every five seconds, by the machine's clock.
  void WaitUntilHealthy() {
    base::SystemClock machine;
    for (int i = 0; i < 3000 && !database_->Health().ok(); ++i) {
      machine.SleepUntil(machine.Now() + base::DurationMs(20), {});
    }
    EXPECT_TRUE(database_->Health().ok());
  }
  std::set<std::string> Keys() {
    std::set<std::string> keys;
    EXPECT_TRUE(store_
                    ->Scan("", "",
                           [&](std::string_view key, std::string_view) {
                             keys.emplace(key);
                             return true;
                           })
                    .ok());
    return keys;
  }

  std::string path_;
  base::SimulatedClock clock_{base::TimestampMs(1000)};
  std::shared_ptr<SickFileSystem> files_ = std::make_shared<SickFileSystem>();
  std::shared_ptr<Database> database_;
  std::unique_ptr<StateStore> store_;
};

class DatabaseSicknessTest : public DatabaseTest, public testing::WithParamInterface<Sickness> {};

TEST_P(DatabaseSicknessTest, TakesWritesAgainWhenTheDiskDoes) {
  std::set<std::string> acknowledged;
  Open();
  for (int round = 0; round < 2; ++round) {
    SCOPED_TRACE(round);  // The memtables are empty in the first, but not in the second.
    const auto put = [&](const std::string& name) {
      const std::string key = std::to_string(round) + name;
      base::Status status = Put(key);
      if (status.ok()) acknowledged.insert(key);
      return status;
    };
    if (round > 0) {
      EXPECT_TRUE(put("before").ok());
    }
    files_->Set(GetParam());
    for (const char* name : {"sick1", "sick2"}) {
      const base::Status refused = put(name);
      EXPECT_EQ(refused.code(), base::StatusCode::kUnavailable) << refused.ToString();
    }
    EXPECT_EQ(Keys(), acknowledged);  // Reads go on.
    files_->Set(Sickness::kNone);
    WaitUntilHealthy();
    EXPECT_TRUE(put("after").ok());
    EXPECT_EQ(Keys(), acknowledged);
  }
  Open();
  const std::set<std::string> found = Keys();
  for (const std::string& key : acknowledged) EXPECT_TRUE(found.contains(key)) << key;
}

INSTANTIATE_TEST_SUITE_P(All, DatabaseSicknessTest,
                         testing::Values(Sickness::kFull, Sickness::kReadOnly, Sickness::kFailedSync,
                                         Sickness::kFailedWrite),
                         [](const testing::TestParamInfo<Sickness>& sickness) {
                           switch (sickness.param) {
                             case Sickness::kNone: return "none";
                             case Sickness::kFull: return "full";
                             case Sickness::kReadOnly: return "read_only";
                             case Sickness::kFailedSync: return "failed_sync";
                             case Sickness::kFailedWrite: return "failed_write";
                           }
                           return "unknown";
                         });

TEST_F(DatabaseTest, TellsTheCauseOfARefusal) {
  Open();
  files_->Set(Sickness::kReadOnly);
  EXPECT_THAT(Put("x").message(), HasSubstr("Read-only file system"));
}

TEST_F(DatabaseTest, KnowsWhatIsInMemoryAndInWhichFiles) {
  Open();
  ASSERT_TRUE(Put("x").ok());
  EXPECT_GT(database_->usage().memtable_bytes, 0u);
  EXPECT_EQ(database_->usage().background_bytes, 0u);
  EXPECT_TRUE(database_->Tables().empty());
  ASSERT_TRUE(database_->db().Flush({}, database_->state()).ok());
  EXPECT_GT(database_->usage().background_bytes, 0u);
  const TableParts tables = database_->Tables();
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_EQ(tables.begin()->second, DiskPart::kState);
  EXPECT_TRUE(std::filesystem::exists(path_ + "/db/" + tables.begin()->first));
}

}  // namespace
}  // namespace bellwether::storage
