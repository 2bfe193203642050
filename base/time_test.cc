#include "base/time.h"

#include <gtest/gtest.h>

namespace bellwether::base {
namespace {

TEST(Duration, ReadsAndWrites) {
  const auto check = [](const char* text, std::int64_t ms, const char* back) {
    const auto d = ParseDuration(text);
    ASSERT_TRUE(d.ok()) << text << ": " << d.status().ToString();
    EXPECT_EQ(d->ms, ms) << text;
    EXPECT_EQ(FormatDuration(*d), back);
  };
  check("0", 0, "0s");
  check("5m", 300'000, "5m");
  check("1h30m", 5'400'000, "1h30m");
  check("90m", 5'400'000, "1h30m");
  check("1d", 86'400'000, "1d");
  check("25h", 90'000'000, "25h");
  check("2w", 1'209'600'000, "2w");
  check("1y2w", 31'536'000'000 + 1'209'600'000, "379d");
  check("15s500ms", 15'500, "15s500ms");
}

TEST(Duration, RefusesWhatPrometheusRefuses) {
  for (const char* text : {"", "5", "m", "30m1h", "1m1m", "-5m", "1.5h", "5 m", "1000000000000y"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(Rfc3339, ReadsAndWrites) {
  EXPECT_EQ(FormatRfc3339Ms(TimestampMs(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatRfc3339Ms(TimestampMs(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(FormatRfc3339(TimestampMs(1'643'114'203'500)), "2022-01-25T12:36:43.5Z");
  EXPECT_EQ(ParseRfc3339("2022-01-25T12:36:43Z")->ms, 1'643'114'203'000);
  EXPECT_EQ(ParseRfc3339("2022-01-25T14:36:43.5+02:00")->ms, 1'643'114'203'500);
  EXPECT_EQ(ParseRfc3339("2000-02-29T00:00:00.0005Z")->ms, 951'782'400'001);
  for (const char* text : {"", "2022-01-25", "2022-13-25T12:36:43Z", "2022-01-25T12:36:43", "2022-01-25T12:36:43.Z"}) {
    EXPECT_FALSE(ParseRfc3339(text).ok()) << text;
  }
}

}  // namespace
}  // namespace bellwether::base
