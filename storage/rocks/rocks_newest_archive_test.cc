#include "storage/rocks/rocks_newest_archive.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <bit>
#include <filesystem>
#include <string>

#include "storage/contract/storage_contract.h"
#include "storage/rocks/hex_for_tests.h"

namespace bellwether::storage {
namespace {

using base::TimestampMs;
using metric::Labels;

class NewestArchive : public testing::Test {
 protected:
  NewestArchive() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bw_newest_XXXXXX").string();
    path_ = mkdtemp(pattern.data());
    Open();
  }
  ~NewestArchive() override {
    database_.reset();
    std::filesystem::remove_all(path_);
  }

  void Open() {
    archive_.reset();
    database_.reset();
    auto opened = Database::Open({.path = path_, .retention = base::Hours(1)}, clock_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    database_ = std::move(*opened);
    archive_ = std::make_unique<RocksNewestArchive>(database_);
  }

  void Keep(const Labels& labels, std::int64_t t, double value) {
    std::string saved;
    head::AppendSavedNewest(TimestampMs(t), std::bit_cast<std::uint64_t>(value), nullptr, 0, saved);
    const head::NewestArchive::Entry entry{labels, saved};
    ASSERT_TRUE(archive_->Keep({&entry, 1}).ok());
  }
  // Of what is kept; 0: nothing.
  std::int64_t Newest(const Labels& labels) {
    head::SavedSeries saved;
    return archive_->Find(labels, saved) ? saved.newest.ms : 0;
  }

  const Labels a_{{"__name__", "a"}};
  const Labels b_{{"__name__", "b"}};
  base::SimulatedClock clock_{TimestampMs(10'000'000)};
  std::string path_;
  std::shared_ptr<Database> database_;
  std::unique_ptr<RocksNewestArchive> archive_;
};

TEST_F(NewestArchive, GivesWhatWasKeptLast) {
  EXPECT_EQ(Newest(a_), 0);
  Keep(a_, 9'000'000, 1);
  EXPECT_EQ(Newest(a_), 9'000'000);
  EXPECT_EQ(Newest(b_), 0);
  Open();
  EXPECT_EQ(Newest(a_), 9'000'000);
  Keep(a_, 9'500'000, 2);
  Keep(b_, 9'600'000, 3);
  EXPECT_EQ(Newest(a_), 9'500'000);

  const auto histogram = contract::SmallHistogram(2);
  std::string saved;
  head::AppendSavedNewest(TimestampMs(9'700'000), 0, &histogram, 0, saved);
  const head::NewestArchive::Entry entry{a_, saved};
  ASSERT_TRUE(archive_->Keep({&entry, 1}).ok());
  head::SavedSeries found;
  ASSERT_TRUE(archive_->Find(a_, found));
  EXPECT_TRUE(found.newest_is_histogram);
  EXPECT_EQ(found.newest_histogram, histogram);
}

TEST_F(NewestArchive, ForgetsSeriesWhoseNewestIsInARange) {
  Keep(a_, 9'000'000, 1);
  Keep(b_, 9'500'000, 1);
  const std::vector<Labels> both{a_, b_, Labels{{"__name__", "c"}}};
  ASSERT_TRUE(archive_->Forget(both, {TimestampMs(1), TimestampMs(9'499'999)}).ok());
  EXPECT_EQ(Newest(a_), 0);
  EXPECT_EQ(Newest(b_), 9'500'000);
}

TEST_F(NewestArchive, LetsGoOfWhatIsPastTheRetention) {
  Keep(a_, 9'000'000, 1);
  Keep(b_, 9'500'000, 1);
  clock_.Set(TimestampMs(9'000'001 + 3'600'000));
  rocksdb::DB& db = database_->db();
  ASSERT_TRUE(db.Flush({}, database_->newest()).ok());
  rocksdb::CompactRangeOptions all;
  all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  ASSERT_TRUE(db.CompactRange(all, database_->newest(), nullptr, nullptr).ok());
  EXPECT_EQ(Newest(a_), 0);
  EXPECT_EQ(Newest(b_), 9'500'000);
}

TEST_F(NewestArchive, TakesASeriesForNewWhoseEntryIsMalformed) {
  Keep(a_, 9'000'000, 1);
  for (const char* bytes : {"", "x", "\x02\x01"}) {
    ASSERT_TRUE(database_->db().Put({}, database_->newest(), NewestKey(a_), bytes).ok());
    EXPECT_EQ(Newest(a_), 0);
  }
}

TEST_F(NewestArchive, IsAsDocumented) {
  const Labels labels{{"__name__", "up"}, {"job", "api"}};
  Keep(labels, 1'700'000'015'000, 0.25);
  std::string value;
  ASSERT_TRUE(database_->db().Get({}, database_->newest(), NewestKey(labels), &value).ok());
  EXPECT_EQ(HexOf(NewestKey(labels)), "9f036561633b8981917db33c");
  EXPECT_EQ(HexOf(value), "b08aadfef96200000000000000d03f00");
}

}  // namespace
}  // namespace bellwether::storage
