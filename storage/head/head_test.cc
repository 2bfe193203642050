#include "storage/head/head.h"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/chunk/merged_cursor.h"

namespace bellwether::storage::head {
namespace {

using base::TimestampMs;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr base::TimestampMs kWindowStart(1'699'999'200'000);  // Of a two-hour window.

class HeadTest : public testing::Test {
 protected:
  SeriesRef Series(const char* name) {
    const Head::Pin pin = head_.PinRefs();
    return head_.FindOrCreate(metric::Labels{{"__name__", name}}).value();
  }
  std::vector<Outcome> Apply(const std::vector<FloatSample>& samples, TimeBounds bounds = {}) {
    head_.Apply(samples, {}, bounds, applied_);
    return applied_.floats;
  }
  std::vector<std::int64_t> Minutes(const char* name) {
    std::vector<std::int64_t> minutes;
    const std::vector<metric::Matcher> matchers{metric::Matcher::Equal("__name__", name)};
    const auto selection = head_.Select(matchers, {});
    chunk::MergedCursor cursor;
    while (selection->Next()) {
      cursor.Reset(selection->chunks(), TimestampMs::Min(), TimestampMs::Max());
      SampleBatch batch;
      while (cursor.Next(batch)) {
        for (const TimestampMs t : batch.timestamps) minutes.push_back((t - kWindowStart).ms / 60'000);
      }
    }
    return minutes;
  }
  static FloatSample At(SeriesRef ref, std::int64_t minute, double value = 1) {
    return {ref, kWindowStart + base::Minutes(minute), value, {}};
  }
  std::vector<SeriesRef> TakeAndDrop(WindowId window) {
    std::vector<SeriesRef> refs;
    const auto taken = head_.TakeWindow(window);
    while (taken->Next()) refs.push_back(taken->ref());
    head_.DropWindow(window);
    return refs;
  }

  Head head_{HeadOptions{.chunk_samples_max = 3}};
  Applied applied_;
  const WindowId window_ = WindowOf(kWindowStart, base::Hours(2));
};

TEST_F(HeadTest, EachSampleHasItsOutcome) {
  const SeriesRef a = Series("a");
  const TimeBounds bounds{kWindowStart - base::Minutes(200), kWindowStart + base::Minutes(200)};
  EXPECT_THAT(
      Apply({At(a, 60), At(a, 60), At(a, 60, 2), At(a, 30), At(a, 0), At(a, -1), At(a, -201), At(a, 201)}, bounds),
      ElementsAre(Outcome::kTaken, Outcome::kRepeat, Outcome::kDuplicate, Outcome::kTakenLate, Outcome::kTakenLate,
                  Outcome::kOutOfOrder, Outcome::kTooOld, Outcome::kTooFarInFuture));
  EXPECT_EQ(applied_.result.floats, 4u);
  EXPECT_EQ(applied_.result.TotalRefused(), 4u);
  EXPECT_EQ(applied_.result.first_refused->reason, Refusal::kDuplicate);
  EXPECT_THAT(Minutes("a"), ElementsAre(0, 30, 60));
}

TEST_F(HeadTest, ASeriesIsUndefinedUntilALiveSegmentHasIt) {
  const SeriesRef a = Series("a");
  const SeriesRef b = Series("b");
  Apply({At(b, 1), At(a, 1), At(a, 2)});
  EXPECT_THAT(applied_.undefined, ElementsAre(a, b));
  head_.MarkDefined(std::vector<SeriesRef>{a}, 5);
  Apply({At(b, 3), At(a, 3)});
  EXPECT_THAT(applied_.undefined, ElementsAre(b));
  head_.MarkDefined(std::vector<SeriesRef>{b}, 6);
  Apply({At(b, 4), At(a, 4)});
  EXPECT_THAT(applied_.undefined, IsEmpty());
  head_.SetFirstLiveSegment(6);
  Apply({At(b, 5), At(a, 5)});
  EXPECT_THAT(applied_.undefined, ElementsAre(a));
  Apply({At(a, 5)});  // A repeat is journalled as well: what it repeats may have failed.
  EXPECT_THAT(applied_.undefined, ElementsAre(a));
}

TEST_F(HeadTest, AWindowIsTakenWholeAndOpensAgainForLateSamples) {
  const SeriesRef a = Series("a");
  Apply({At(a, 10), At(a, 20), At(a, 30), At(a, 40), At(a, 125), At(a, 115)});
  EXPECT_THAT(head_.Windows(), ElementsAre(window_, WindowId{window_.number + 1}));
  const auto taken = head_.TakeWindow(window_);
  ASSERT_TRUE(taken->Next());
  std::uint32_t count = 0;
  for (const chunk::ChunkView& view : taken->chunks()) count += view.count;
  EXPECT_EQ(count, 5u);
  EXPECT_FALSE(taken->Next());
  EXPECT_THAT(Apply({At(a, 117)}), ElementsAre(Outcome::kTakenLate));  // After it was passed by.
  EXPECT_THAT(Minutes("a"), ElementsAre(10, 20, 30, 40, 115, 117, 125));
  head_.DropWindow(window_);
  EXPECT_THAT(Minutes("a"), ElementsAre(117, 125));
  EXPECT_THAT(TakeAndDrop(window_), ElementsAre(a));
  EXPECT_THAT(Minutes("a"), ElementsAre(125));
  EXPECT_THAT(head_.Windows(), ElementsAre(WindowId{window_.number + 1}));
}

TEST_F(HeadTest, OnlyIdleSeriesAreTakenAheadOfTheirWindow) {
  const SeriesRef a = Series("a");
  const SeriesRef b = Series("b");
  Apply({At(a, 10), At(b, 10), At(b, 70)});
  const TimestampMs idle_before = kWindowStart + base::Minutes(60);
  EXPECT_EQ(head_.CountIdle(idle_before), 1u);
  for (const auto failed = head_.TakeWindow(window_); failed->Next();) {
  }
  const auto taken = head_.TakeWindow(window_, idle_before);
  ASSERT_TRUE(taken->Next());
  EXPECT_EQ(taken->ref(), a);
  EXPECT_FALSE(taken->Next());
  head_.DropWindow(window_);
  EXPECT_THAT(Minutes("a"), IsEmpty());
  EXPECT_THAT(Minutes("b"), ElementsAre(10, 70));
  EXPECT_EQ(head_.CountIdle(idle_before), 0u);
}

TEST_F(HeadTest, AReaderKeepsWhatItHoldsWhenTheWindowIsDropped) {
  const SeriesRef a = Series("a");
  Apply({At(a, 10), At(a, 20), At(a, 30), At(a, 40)});
  const auto selection = head_.Select({}, {});
  ASSERT_TRUE(selection->Next());
  TakeAndDrop(window_);
  ASSERT_TRUE(head_.CollectGarbage(TimestampMs::Max()).ok());
  chunk::MergedCursor cursor;
  cursor.Reset(selection->chunks(), TimestampMs::Min(), TimestampMs::Max());
  SampleBatch batch;
  std::size_t read = 0;
  while (cursor.Next(batch)) read += batch.timestamps.size();
  EXPECT_EQ(read, 4u);
  EXPECT_EQ(selection->labels().Name(), "a");
}

TEST_F(HeadTest, ReplayAsksNoPolicyAndReadsTheSame) {
  const SeriesRef a = Series("a");
  const std::vector<FloatSample> samples{At(a, 100), At(a, -300), At(a, 10), At(a, 100), At(a, 110)};
  head_.Replay(samples, {});
  EXPECT_THAT(Minutes("a"), ElementsAre(-300, 10, 100, 110));
  head_.RestoreNewest(std::vector<FloatSample>{At(a, 200, 7)}, {});
  EXPECT_THAT(Apply({At(a, 200, 7), At(a, 200, 8), At(a, 100)}),
              ElementsAre(Outcome::kRepeat, Outcome::kDuplicate, Outcome::kOutOfOrder));
}

TEST_F(HeadTest, GarbageIsWhatHasNoSamplesAndIsIdle) {
  const SeriesRef a = Series("a");
  const SeriesRef b = Series("b");
  Apply({At(a, 10), At(b, 10), At(b, 130)});
  TakeAndDrop(window_);
  EXPECT_EQ(head_.CollectGarbage(kWindowStart + base::Minutes(10)).value(), 0u);
  EXPECT_EQ(head_.CollectGarbage(kWindowStart + base::Minutes(11)).value(), 1u);
  EXPECT_EQ(head_.SeriesCount(), 1u);
  const SeriesRef again = Series("a");
  EXPECT_NE(again, a);  // The slot may be the same, its generation is not.
  Apply({At(again, 5)});
  EXPECT_THAT(Minutes("a"), ElementsAre(5));
}

class FakeArchive final : public NewestArchive {
 public:
  base::Status Keep(std::span<const Entry> entries) override {
    if (!status.ok()) return status;
    for (const Entry& entry : entries) kept[entry.labels] = entry.saved;
    return base::OkStatus();
  }
  bool Find(const metric::Labels& labels, SavedSeries& saved) override {
    const auto found = kept.find(labels);
    if (found == kept.end()) return false;
    std::string_view bytes = found->second;
    return ReadSavedSeries(bytes, saved);
  }

  base::Status status;
  std::map<metric::Labels, std::string> kept;
};

TEST(HeadArchive, WhatLeavesIsKeptAndJudgedByWhenItComesBack) {
  FakeArchive archive;
  Head head({.archive = &archive});
  const auto apply = [&](std::int64_t minute, double value) {
    const Head::Pin pin = head.PinRefs();
    const SeriesRef ref = head.FindOrCreate(metric::Labels{{"__name__", "a"}}).value();
    Applied applied;
    const FloatSample sample{ref, kWindowStart + base::Minutes(minute), value, {}};
    head.Apply({&sample, 1}, {}, {}, applied);
    return applied.floats[0];
  };
  EXPECT_EQ(apply(110, 1), Outcome::kTaken);
  const auto taken = head.TakeWindow(WindowOf(kWindowStart, base::Hours(2)));
  while (taken->Next()) continue;
  head.DropWindow(WindowOf(kWindowStart, base::Hours(2)));
  archive.status = base::Unavailable("no space");
  EXPECT_EQ(head.CollectGarbage(TimestampMs::Max()).status().message(), "no space");
  EXPECT_EQ(head.SeriesCount(), 1u);
  archive.status = base::OkStatus();
  EXPECT_EQ(head.CollectGarbage(TimestampMs::Max()).value(), 1u);
  EXPECT_EQ(apply(110, 2), Outcome::kDuplicate);
  EXPECT_EQ(apply(49, 2), Outcome::kOutOfOrder);
  EXPECT_EQ(apply(110, 1), Outcome::kRepeat);
  EXPECT_EQ(apply(50, 2), Outcome::kTakenLate);
  EXPECT_EQ(apply(111, 2), Outcome::kTaken);
}

TEST_F(HeadTest, ASeriesThatRestedGoesOnWithItsChunk) {
  const SeriesRef a = Series("a");
  const SeriesRef b = Series("b");
  Apply({At(a, 10), At(a, 11), At(b, 40)});
  const std::uint64_t chunks = head_.Stats(0).chunks;
  head_.RestIdle(kWindowStart + base::Minutes(40));
  EXPECT_EQ(head_.Stats(0).chunks, chunks);
  EXPECT_THAT(Minutes("a"), ElementsAre(10, 11));
  EXPECT_THAT(Apply({At(a, 9), At(a, 50), At(a, 51), At(b, 41)}),
              ElementsAre(Outcome::kTakenLate, Outcome::kTaken, Outcome::kTaken, Outcome::kTaken));
  EXPECT_THAT(Minutes("a"), ElementsAre(9, 10, 11, 50, 51));
  head_.RestIdle(TimestampMs::Max());
  EXPECT_THAT(TakeAndDrop(window_), ElementsAre(a, b));
  EXPECT_THAT(Minutes("a"), IsEmpty());
  EXPECT_EQ(head_.ChunksByWindow().size(), 0u);
}

TEST_F(HeadTest, APinnedRefOutlivesACollection) {
  const SeriesRef a = Series("a");
  Apply({At(a, 10)});
  TakeAndDrop(window_);
  const Head::Pin pin = head_.PinRefs();
  const std::vector<std::string_view> aliases{"alias"};
  std::vector<SeriesRef> refs(1);
  ASSERT_EQ(head_.FindOrCreate(metric::Labels{{"__name__", "a"}}, "alias").value(), a);
  EXPECT_EQ(head_.CollectGarbage(TimestampMs::Max()).value(), 1u);
  head_.FindByAlias(aliases, refs);
  EXPECT_EQ(refs[0], SeriesRef::kNone);
  EXPECT_THAT(Apply({At(a, 20)}), ElementsAre(Outcome::kTaken));
  EXPECT_THAT(Minutes("a"), ElementsAre(20));
  EXPECT_EQ(head_.SeriesCount(), 1u);
  EXPECT_EQ(head_.FindOrCreate(metric::Labels{{"__name__", "a"}}).value(), a);
}

// A snapshot leaves out series that are detached or have no newest sample when it comes by.
TEST_F(HeadTest, WhatASnapshotMayHaveLeftOutIsUndefinedAgain) {
  const SeriesRef a = Series("a");
  const SeriesRef b = Series("b");
  const Head::Pin pin = head_.PinRefs();
  Apply({At(a, 10), At(b, 10)});
  head_.MarkDefined(std::vector<SeriesRef>{a, b}, 5);
  TakeAndDrop(window_);
  EXPECT_EQ(head_.CollectGarbage(TimestampMs::Max()).value(), 2u);
  Apply({At(a, 20)});  // Revived; another commit may come before its definition is journalled.
  Apply({At(a, 21)});
  EXPECT_THAT(applied_.undefined, ElementsAre(a));
  head_.MarkDefined(std::vector<SeriesRef>{a}, 6);
  Apply({At(a, 22)});
  EXPECT_THAT(applied_.undefined, IsEmpty());
  head_.Delete(std::vector<std::vector<metric::Matcher>>{{metric::Matcher::Equal("__name__", "a")}},
               {TimestampMs::Min(), TimestampMs::Max()});
  Apply({At(a, 23)});
  EXPECT_THAT(applied_.undefined, ElementsAre(a));
  head_.SetSnapshotMark(8);
  head_.MarkDefined(std::vector<SeriesRef>{a}, 7);  // Journalled before the snapshot, told after it.
  Apply({At(a, 24)});
  EXPECT_THAT(applied_.undefined, ElementsAre(a));
  head_.MarkDefined(std::vector<SeriesRef>{a}, 8);
  Apply({At(a, 25)});
  EXPECT_THAT(applied_.undefined, IsEmpty());
}

TEST_F(HeadTest, ARefThatLostItsPlaceLeadsToTheSeriesThatTookIt) {
  const SeriesRef old = Series("a");
  const Head::Pin pin = head_.PinRefs();
  EXPECT_EQ(head_.CollectGarbage(TimestampMs::Max()).value(), 1u);
  const SeriesRef fresh = Series("a");
  EXPECT_NE(fresh, old);
  Apply({At(old, 1), At(fresh, 2)});
  EXPECT_THAT(applied_.undefined, testing::UnorderedElementsAre(old, fresh));
  EXPECT_EQ(head_.SeriesCount(), 1u);
  EXPECT_THAT(Minutes("a"), testing::Contains(2));
}

TEST_F(HeadTest, ValuesAreThoseOfSeriesWithSamplesInTheRange) {
  const auto add = [&](const std::string& value, int n, std::int64_t minute) {
    const Head::Pin pin = head_.PinRefs();
    const SeriesRef ref =
        head_.FindOrCreate(metric::Labels{{"__name__", "m"}, {"job", value}, {"n", std::to_string(n)}}).value();
    Apply({At(ref, minute)});
  };
  for (int n = 0; n < 300; ++n) add("many old, one new", n, n == 299 ? 60 : 0);
  for (int n = 0; n < 10; ++n) add("old", n, 0);
  add("one", 0, 60);
  const auto values = [&](std::int64_t from, std::int64_t to) {
    std::set<std::string, std::less<>> found;
    head_.LabelValues("job", {}, {kWindowStart + base::Minutes(from), kWindowStart + base::Minutes(to)}, found);
    return found;
  };
  EXPECT_THAT(values(50, 70), ElementsAre("many old, one new", "one"));
  EXPECT_THAT(values(-10, 10), ElementsAre("many old, one new", "old"));
  EXPECT_THAT(values(20, 30), IsEmpty());
}

}  // namespace
}  // namespace bellwether::storage::head
