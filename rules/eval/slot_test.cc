#include "rules/eval/slot.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace bellwether::rules {
namespace {

using base::DurationMs;
using base::TimestampMs;

TEST(SlotTest, FindsTheSlotsAroundATime) {
  const auto around = [](std::int64_t now, std::int64_t interval, std::int64_t offset) {
    return std::pair(SlotAtOrBefore(TimestampMs(now), DurationMs(interval), DurationMs(offset)).ms,
                     SlotAfter(TimestampMs(now), DurationMs(interval), DurationMs(offset)).ms);
  };
  EXPECT_EQ(around(100, 60, 0), std::pair(60L, 120L));
  EXPECT_EQ(around(120, 60, 0), std::pair(120L, 180L));
  EXPECT_EQ(around(119, 60, 5), std::pair(65L, 125L));
  EXPECT_EQ(around(3, 60, 5), std::pair(-55L, 5L));
  EXPECT_EQ(around(5, 60, 5), std::pair(5L, 65L));
}

TEST(SlotTest, DependsOnBaseNameAndGroupAlone) {
  const DurationMs minute = base::Minutes(1);
  EXPECT_EQ(SlotOffset("/etc/rules/a.yml", "g", minute), SlotOffset("a.yml", "g", minute));
  EXPECT_NE(SlotOffset("a.yml", "g", minute), SlotOffset("b.yml", "g", minute));
  std::set<std::int64_t> offsets;
  for (int i = 0; i < 100; ++i) {
    const DurationMs offset = SlotOffset("a.yml", "group-" + std::to_string(i), minute);
    EXPECT_GE(offset.ms, 0);
    EXPECT_LT(offset.ms, minute.ms);
    offsets.insert(offset.ms);
  }
  EXPECT_GT(offsets.size(), 95U) << "groups spread over the interval";
}

TEST(SlotTest, IsTheSameForEver) { EXPECT_EQ(SlotOffset("rules.yml", "fraud", base::Minutes(1)).ms, 50634); }

}  // namespace
}  // namespace bellwether::rules
