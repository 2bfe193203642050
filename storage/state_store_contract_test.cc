// What every StateStore promises, tried on each implementation.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "storage/open.h"
#include "storage/rocks/database.h"
#include "storage/rocks/rocks_state_store.h"
#include "storage/state_store.h"

namespace bellwether::storage {
namespace {

using base::TimestampMs;

class StateStoreFolder {
 public:
  StateStoreFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bw_state_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~StateStoreFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::unique_ptr<StateStore> OpenStateStoreAt(const std::string& path, base::Clock& clock) {
  auto database = Database::Open({.path = path}, clock);
  EXPECT_TRUE(database.ok()) << database.status().ToString();
  if (!database.ok()) return nullptr;
  return NewRocksStateStore(std::move(*database), clock);
}

enum class StateBackend { kMemory, kRocks };

class StateStoreContract : public testing::TestWithParam<StateBackend> {
 protected:
  StateStoreContract() {
    store_ =
        GetParam() == StateBackend::kMemory ? NewMemoryStateStore(clock_) : OpenStateStoreAt(folder_.path(), clock_);
  }

  void Put(const std::string& key, const std::string& value) {
    StateBatch batch;
    batch.Put(key, value);
    ASSERT_TRUE(store_->Apply(batch).ok());
  }

  // "key=value key=value": what a scan sees, at most `limit` entries.
  std::string Scan(std::string_view prefix, std::string_view after = {}, std::size_t limit = 100) {
    std::string seen;
    std::size_t n = 0;
    const base::Status status = store_->Scan(prefix, after, [&](std::string_view key, std::string_view value) {
      if (!seen.empty()) seen += ' ';
      seen.append(key).append("=").append(value);
      return ++n < limit;
    });
    EXPECT_TRUE(status.ok()) << status.ToString();
    return seen;
  }

  std::optional<std::string> Get(std::string_view key) {
    auto got = store_->Get(key);
    EXPECT_TRUE(got.ok()) << got.status().ToString();
    return got.ok() ? *got : std::nullopt;
  }

  StateStoreFolder folder_;
  base::SimulatedClock clock_{TimestampMs(1'000'000)};
  std::unique_ptr<StateStore> store_;
};

TEST_P(StateStoreContract, KeepsWhatWasPut) {
  EXPECT_EQ(Get("a"), std::nullopt);
  Put("a", "1");
  Put("b", std::string("\0\xff", 2));
  EXPECT_EQ(Get("a"), "1");
  EXPECT_EQ(Get("b"), std::string("\0\xff", 2));
  Put("a", "");
  EXPECT_EQ(Get("a"), "");
}

TEST_P(StateStoreContract, LaterChangesOfAKeyInABatchWin) {
  StateBatch batch;
  batch.Put("a", "1");
  batch.Put("a", "2");
  batch.Put("b", "1");
  batch.Delete("b");
  batch.Delete("c");
  batch.Put("c", "3");
  ASSERT_TRUE(store_->Apply(batch).ok());
  EXPECT_EQ(Scan(""), "a=2 c=3");
}

TEST_P(StateStoreContract, AnEmptyBatchIsFine) { EXPECT_TRUE(store_->Apply(StateBatch()).ok()); }

TEST_P(StateStoreContract, ScansAPrefixInOrder) {
  for (const char* key : {"rules/b", "rules/a", "rules", "rules/", "rulet", "notify/x", "rules/\xff", "rules/ab"}) {
    Put(key, "v");
  }
  EXPECT_EQ(Scan("rules/"), "rules/=v rules/a=v rules/ab=v rules/b=v rules/\xff=v");
  EXPECT_EQ(Scan("rules/a"), "rules/a=v rules/ab=v");
  EXPECT_EQ(Scan("nothing"), "");
  EXPECT_EQ(Scan("notify/"), "notify/x=v");
}

TEST_P(StateStoreContract, ScanBeginsBehindAKey) {
  for (const char* key : {"p/a", "p/b", "p/c", "q/a"}) Put(key, "v");
  EXPECT_EQ(Scan("p/", "p/a"), "p/b=v p/c=v");
  EXPECT_EQ(Scan("p/", "p/aa"), "p/b=v p/c=v");
  EXPECT_EQ(Scan("p/", "p/c"), "");
  EXPECT_EQ(Scan("p/", "o"), "p/a=v p/b=v p/c=v");
  EXPECT_EQ(Scan("p/", "z"), "");
  EXPECT_EQ(Scan("p/", "", 2), "p/a=v p/b=v");
}

TEST_P(StateStoreContract, ScanBehindThePrefixItself) {
  Put("p/", "0");
  Put("p/a", "1");
  EXPECT_EQ(Scan("p/"), "p/=0 p/a=1");
  EXPECT_EQ(Scan("p/", "p/"), "p/a=1");
}

TEST_P(StateStoreContract, ScanSeesOneMomentAndMayWrite) {
  for (const char* key : {"p/a", "p/b", "p/c"}) Put(key, "old");
  std::string seen;
  const base::Status status = store_->Scan("p/", "", [&](std::string_view key, std::string_view value) {
    seen.append(key).append("=").append(value).append(" ");
    StateBatch batch;
    batch.Put("p/c", "new");
    batch.Put("p/d", "new");
    return store_->Apply(batch).ok();
  });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(seen, "p/a=old p/b=old p/c=old ");
  EXPECT_EQ(Scan("p/"), "p/a=old p/b=old p/c=new p/d=new");
}

TEST_P(StateStoreContract, EntriesExpire) {
  StateBatch batch;
  batch.Put("a", "lasts");
  batch.Put("b", "goes", clock_.Now() + base::Seconds(10));
  ASSERT_TRUE(store_->Apply(batch).ok());
  clock_.Advance(base::Milliseconds(9'999));
  EXPECT_EQ(Scan(""), "a=lasts b=goes");
  clock_.Advance(base::Milliseconds(1));
  EXPECT_EQ(Get("b"), std::nullopt);
  EXPECT_EQ(Scan(""), "a=lasts");
}

TEST_P(StateStoreContract, PuttingAgainChangesTheExpiry) {
  StateBatch batch;
  batch.Put("a", "1", clock_.Now() + base::Seconds(10));
  ASSERT_TRUE(store_->Apply(batch).ok());
  Put("a", "2");
  clock_.Advance(base::Seconds(20));
  EXPECT_EQ(Get("a"), "2");
}

INSTANTIATE_TEST_SUITE_P(Backends, StateStoreContract, testing::Values(StateBackend::kMemory, StateBackend::kRocks),
                         [](const auto& backend) {
                           return backend.param == StateBackend::kMemory ? "Memory" : "Rocks";
                         });

}  // namespace
}  // namespace bellwether::storage
