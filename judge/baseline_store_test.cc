#include "judge/baseline_store.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "judge/baseline_codec.h"
#include "storage/open.h"

namespace bellwether::judge {
namespace {

class BaselineStoreTest : public testing::Test {
 protected:
  void SetUp() override { Reopen(); }
  void Reopen() {
    auto opened = BaselineStore::Open(*state_, clock_);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    store_ = std::move(*opened);
  }
  static BaselineContent Content(std::string version = "", double value = 1) {
    return {.name = "training",
            .version = std::move(version),
            .series = {{metric::Labels({{"__name__", "x_bucket"}, {"le", "1"}}), value, nullptr},
                       {metric::Labels({{"__name__", "x_bucket"}, {"le", "+Inf"}}), 2 * value, nullptr}}};
  }
  std::string VersionAt(std::int64_t at) {
    const auto found = store_->Find("training", "", base::TimestampMs(at));
    return found == nullptr ? "none" : found->version;
  }

  base::SimulatedClock clock_{base::TimestampMs(1000)};
  std::unique_ptr<storage::StateStore> state_ = storage::NewMemoryStateStore(clock_);
  std::unique_ptr<BaselineStore> store_;
};

TEST_F(BaselineStoreTest, GivesWhatWasStored) {
  metric::NativeHistogram histogram;
  histogram.count = 7;
  histogram.positive_spans = {{2, 1}};
  histogram.positive_buckets = {7};
  BaselineContent content = Content("v1", 3);
  content.series.push_back(
      {metric::Labels({{"__name__", "y"}}), 0, std::make_shared<const metric::NativeHistogram>(histogram)});
  ASSERT_TRUE(store_->Create(std::move(content)).ok());
  Reopen();
  const auto found = store_->Find("training", "v1", base::TimestampMs());
  ASSERT_NE(found, nullptr);
  ASSERT_EQ(found->series.size(), 3U);
  EXPECT_EQ(found->series[1].value, 6);
  EXPECT_EQ(found->series[1].labels.ToString(),
            R"({__name__="x_bucket", baseline="training", baseline_version="v1", le="+Inf"})");
  EXPECT_EQ(*found->series[2].histogram, histogram);
}

TEST_F(BaselineStoreTest, TheVersionPromotedThenCounts) {
  ASSERT_TRUE(store_->Create(Content()).ok());
  ASSERT_TRUE(store_->Create(Content()).ok());
  EXPECT_EQ(VersionAt(5000), "none");  // None is promoted yet.
  ASSERT_TRUE(store_->Promote("training", "1").ok());
  clock_.Advance(base::DurationMs(1000));
  ASSERT_TRUE(store_->Promote("training", "2").ok());
  clock_.Advance(base::DurationMs(1000));
  ASSERT_TRUE(store_->Promote("training", "1").ok());
  Reopen();
  EXPECT_EQ(VersionAt(999), "none");
  EXPECT_EQ(VersionAt(1000), "1");
  EXPECT_EQ(VersionAt(1999), "1");
  EXPECT_EQ(VersionAt(2000), "2");
  EXPECT_EQ(VersionAt(3000), "1");
  const auto all = store_->List();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_TRUE(all[0].is_promoted);
  EXPECT_EQ(all[0].promoted_at.size(), 2U);
  EXPECT_FALSE(all[1].is_promoted);
}

TEST_F(BaselineStoreTest, VersionsDoNotChange) {
  EXPECT_EQ(store_->Create(Content())->version, "1");
  EXPECT_EQ(store_->Create(Content("2026-11"))->version, "2026-11");
  EXPECT_EQ(store_->Create(Content())->version, "2");
  const auto again = store_->Create(Content("2"));
  EXPECT_EQ(again.status().code(), base::StatusCode::kConflict);
  EXPECT_EQ(again.status().message(),
            "baseline \"training\" has a version \"2\" already: versions do not change, name another");
}

TEST_F(BaselineStoreTest, ForgetsAllButThePromotedOne) {
  ASSERT_TRUE(store_->Create(Content()).ok());
  ASSERT_TRUE(store_->Create(Content()).ok());
  ASSERT_TRUE(store_->Promote("training", "1").ok());
  EXPECT_EQ(store_->Delete("training", "1").code(), base::StatusCode::kConflict);
  EXPECT_EQ(store_->Delete("training", "3").code(), base::StatusCode::kNotFound);
  ASSERT_TRUE(store_->Delete("training", "2").ok());
  ASSERT_TRUE(store_->Delete("training", "1").ok());  // The last one may go.
  Reopen();
  EXPECT_TRUE(store_->List().empty());
}

TEST_F(BaselineStoreTest, RefusesWhatItCannotKeep) {
  const auto error = [&](BaselineContent content) { return store_->Create(std::move(content)).status().message(); };
  BaselineContent content = Content();
  content.name = "";
  EXPECT_EQ(error(content), "the name of a baseline must be 1 to 200 bytes of UTF-8 without NUL, got \"\"");
  content = Content();
  content.series.clear();
  EXPECT_EQ(error(content), "a baseline without series: nothing was found to store");
  content = Content();
  content.series.push_back(content.series[0]);
  EXPECT_EQ(error(content), R"({__name__="x_bucket", le="1"} comes twice in a baseline)");
  content = Content();
  content.series[0].labels = metric::Labels({{"baseline", "other"}});
  EXPECT_EQ(error(content), R"({baseline="other"} has the label baseline or baseline_version, which baseline() adds)");
}

TEST_F(BaselineStoreTest, TellsOfDamagedBytes) {
  storage::StateBatch batch;
  batch.Put(std::string("judge/baseline/a\0"
                        "1",
                        18),
            "not a baseline");
  ASSERT_TRUE(state_->Apply(batch).ok());
  EXPECT_EQ(BaselineStore::Open(*state_, clock_).status().code(), base::StatusCode::kCorruption);
}

TEST(BaselineCodec, RefusesEveryPrefix) {
  StoredBaseline stored{base::TimestampMs(5), {{metric::Labels({{"a", "b"}}), 2.5, nullptr}}};
  const std::string bytes = EncodeBaseline(stored);
  StoredBaseline read;
  ASSERT_TRUE(DecodeBaseline(bytes, read));
  EXPECT_EQ(read.series[0].value, 2.5);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeBaseline(std::string_view(bytes).substr(0, size), read)) << size;
  }
}

}  // namespace
}  // namespace bellwether::judge
