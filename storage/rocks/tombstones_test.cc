#include "storage/rocks/tombstones.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace bellwether::storage {
namespace {

using base::TimestampMs;
using chunk::TimeRange;

TimeRange Range(std::int64_t min, std::int64_t max) { return {TimestampMs(min), TimestampMs(max)}; }

TEST(TombstonesTest, RangesOfASeriesAreJoined) {
  const Tombstones t = Tombstones()
                           .With(Range(10, 20), {1, 5})
                           .With(Range(30, 40), {5, 7})
                           .With(Range(21, 25), {5})
                           .With(Range(10, 20), {7});
  EXPECT_EQ(t.RangesOf(0), std::vector<TimeRange>());
  EXPECT_EQ(t.RangesOf(1), (std::vector<TimeRange>{Range(10, 20)}));
  EXPECT_EQ(t.RangesOf(5), (std::vector<TimeRange>{Range(10, 25), Range(30, 40)}));
  EXPECT_EQ(t.RangesOf(7), (std::vector<TimeRange>{Range(10, 20), Range(30, 40)}));
  EXPECT_TRUE(t.HidesAll(5, TimestampMs(10), TimestampMs(25)));
  EXPECT_FALSE(t.HidesAll(5, TimestampMs(10), TimestampMs(26)));
  EXPECT_TRUE(Tombstones().With(Range(INT64_MIN, INT64_MAX), {0}).HidesAll(0, TimestampMs::Min(), TimestampMs::Max()));
}

TEST(TombstonesTest, ReadBackAsAModelSaysWhateverWasDeleted) {
  std::mt19937 random(7);
  Tombstones tombstones;
  std::map<std::uint32_t, std::set<std::int64_t>> hidden;
  for (int i = 0; i < 60; ++i) {
    const std::int64_t min = static_cast<std::int64_t>(random() % 100) - 20;
    const std::int64_t max = min + static_cast<std::int64_t>(random() % 10);
    std::set<std::uint32_t> ordinals;
    for (auto n = random() % 5; n > 0; --n) ordinals.insert(static_cast<std::uint32_t>(random() % 12));
    tombstones = tombstones.With(Range(min, max), {ordinals.begin(), ordinals.end()});
    for (const std::uint32_t o : ordinals) {
      for (std::int64_t t = min; t <= max; ++t) hidden[o].insert(t);
    }
    const auto read = Tombstones::Decode(tombstones.Encode());
    ASSERT_TRUE(read.has_value());
    for (std::uint32_t o = 0; o < 12; ++o) {
      std::set<std::int64_t> times;
      for (const TimeRange& range : read->RangesOf(o)) {
        for (std::int64_t t = range.min.ms; t <= range.max.ms; ++t) ASSERT_TRUE(times.insert(t).second);
      }
      ASSERT_EQ(times, hidden[o]) << o;
    }
  }
}

TEST(TombstonesTest, MalformedBytesAreRefused) {
  const std::string good = Tombstones().With(Range(1000, 2000), {3, 300, 70000}).Encode();
  ASSERT_TRUE(Tombstones::Decode(good).has_value());
  for (std::size_t n = 1; n < good.size(); ++n) EXPECT_FALSE(Tombstones::Decode(good.substr(0, n)).has_value()) << n;
}

}  // namespace
}  // namespace bellwether::storage
