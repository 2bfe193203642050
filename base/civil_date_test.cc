#include "base/civil_date.h"

#include <gtest/gtest.h>

namespace bellwether::base {
namespace {

TEST(CivilDate, KnownDays) {
  const auto check = [](std::int64_t days, std::int64_t year, int month, int day) {
    const CivilDate date = CivilFromDays(days);
    EXPECT_EQ(date.year, year);
    EXPECT_EQ(date.month, month);
    EXPECT_EQ(date.day, day);
    EXPECT_EQ(DaysFromCivil({year, month, day}), days);
  };
  check(0, 1970, 1, 1);
  check(-1, 1969, 12, 31);
  check(11'016, 2000, 2, 29);
  check(-719'162, 1, 1, 1);
  check(-719'528, 0, 1, 1);
  check(2'932'896, 9999, 12, 31);
}

TEST(CivilDate, EveryDayOfFourCenturiesRoundTrips) {
  for (std::int64_t days = -73'000; days < 73'100; ++days) ASSERT_EQ(DaysFromCivil(CivilFromDays(days)), days);
}

}  // namespace
}  // namespace bellwether::base
