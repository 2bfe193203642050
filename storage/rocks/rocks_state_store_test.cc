#include "storage/rocks/rocks_state_store.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "storage/rocks/database.h"

namespace bellwether::storage {
namespace {

using base::TimestampMs;

class RocksStateStoreTest : public testing::Test {
 protected:
  RocksStateStoreTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bw_state_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~RocksStateStoreTest() override { std::filesystem::remove_all(path_); }

  std::unique_ptr<StateStore> Open() {
    auto database = Database::Open({.path = path_}, clock_);
    EXPECT_TRUE(database.ok()) << database.status().ToString();
    return database.ok() ? NewRocksStateStore(std::move(*database), clock_) : nullptr;
  }

  std::string path_;
  base::SimulatedClock clock_{TimestampMs(1000)};
};

TEST_F(RocksStateStoreTest, KeepsEverythingOverARestart) {
  StateBatch batch;
  batch.Put("a", "1");
  batch.Put("b", "2", TimestampMs(5000));
  ASSERT_TRUE(Open()->Apply(batch).ok());
  {
    const auto store = Open();
    EXPECT_EQ(*store->Get("a"), "1");
    EXPECT_EQ(*store->Get("b"), "2");
  }
  clock_.Set(TimestampMs(5000));
  EXPECT_EQ(*Open()->Get("b"), std::nullopt);
}

TEST_F(RocksStateStoreTest, CompactionRemovesWhatHasExpired) {
  auto database = Database::Open({.path = path_}, clock_);
  ASSERT_TRUE(database.ok());
  const std::shared_ptr<Database> shared = std::move(*database);
  const auto store = NewRocksStateStore(shared, clock_);
  StateBatch batch;
  batch.Put("a", "lasts");
  batch.Put("b", "goes", TimestampMs(5000));
  ASSERT_TRUE(store->Apply(batch).ok());
  clock_.Set(TimestampMs(6000));
  ASSERT_TRUE(shared->db().CompactRange({}, shared->state(), nullptr, nullptr).ok());
  const std::unique_ptr<rocksdb::Iterator> it(shared->db().NewIterator({}, shared->state()));
  it->SeekToFirst();
  ASSERT_TRUE(it->Valid());
  EXPECT_EQ(it->key().ToString(), "a");
  it->Next();
  EXPECT_FALSE(it->Valid());
}

TEST(StateValueTest, ReadsItsOwnValuesOnly) {
  StateValue value;
  EXPECT_FALSE(DecodeStateValue("", value));
  EXPECT_FALSE(DecodeStateValue("\x02x", value));
  EXPECT_FALSE(DecodeStateValue(std::string_view("\x01\0\0", 3), value));
  const std::string bytes = EncodeStateValue("v", TimestampMs(-7));
  ASSERT_TRUE(DecodeStateValue(bytes, value));
  EXPECT_EQ(value.value, "v");
  EXPECT_EQ(value.expires_at, TimestampMs(-7));
}

}  // namespace
}  // namespace bellwether::storage
