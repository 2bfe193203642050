#include "api/handlers/params.h"

#include <gtest/gtest.h>

namespace bellwether::api {
namespace {

void ExpectTime(std::string_view text, std::int64_t ms) {
  const auto time = ParseApiTime(text);
  ASSERT_TRUE(time.ok()) << text << ": " << time.status().ToString();
  EXPECT_EQ(time->ms, ms) << text;
}
void ExpectNoTime(std::string_view text, std::string_view message) {
  const auto time = ParseApiTime(text);
  ASSERT_FALSE(time.ok()) << text;
  EXPECT_EQ(time.status().message(), message);
}

TEST(ParamsTest, ReadsTimes) {
  ExpectTime("0", 0);
  ExpectTime("4", 4000);
  ExpectTime("1435781451.781", 1435781451781);
  ExpectTime("1435781451.7815", 1435781451782);
  ExpectTime("-1.5", -1500);
  ExpectTime("1e3", 1'000'000);
  ExpectTime("1760000000000", 1'760'000'000'000'000);  // Milliseconds taken for seconds: the year 57741.
  ExpectTime("2015-07-01T20:10:51.781Z", 1435781451781);
  ExpectTime("2015-07-01T22:10:51.781+02:00", 1435781451781);
  EXPECT_GT(ParseApiTime("292277025-08-18T07:12:54.999999999Z")->ms, std::int64_t{1} << 61);
  EXPECT_LT(ParseApiTime("-292273086-05-16T16:47:06Z")->ms, -(std::int64_t{1} << 61));
  EXPECT_GT(ParseApiTime("1e300")->ms, std::int64_t{1} << 61);
  ExpectNoTime("", R"(cannot parse "" to a valid timestamp)");
  ExpectNoTime("NaN", R"(cannot parse "NaN" to a valid timestamp)");
  ExpectNoTime("Inf", R"(cannot parse "Inf" to a valid timestamp)");
  ExpectNoTime("30-1-2015", R"(cannot parse "30-1-2015" to a valid timestamp)");
}

void ExpectDuration(std::string_view text, std::int64_t ms) {
  const auto duration = ParseApiDuration(text);
  ASSERT_TRUE(duration.ok()) << text << ": " << duration.status().ToString();
  EXPECT_EQ(duration->ms, ms) << text;
}
void ExpectNoDuration(std::string_view text, std::string_view message) {
  const auto duration = ParseApiDuration(text);
  ASSERT_FALSE(duration.ok()) << text;
  EXPECT_EQ(duration.status().message(), message);
}

TEST(ParamsTest, ReadsDurations) {
  ExpectDuration("15", 15'000);
  ExpectDuration("0.001", 1);
  ExpectDuration("0.0001", 0);
  ExpectDuration("-1", -1000);
  ExpectDuration("1h30m", 5'400'000);
  ExpectDuration("15s", 15'000);
  ExpectNoDuration("", R"(cannot parse "" to a valid duration)");
  ExpectNoDuration("bla", R"(cannot parse "bla" to a valid duration)");
  ExpectNoDuration("9223372036.9", R"(cannot parse "9223372036.9" to a valid duration. It overflows int64)");
  ExpectNoDuration("+Inf", R"(cannot parse "+Inf" to a valid duration. It overflows int64)");
}

void ExpectInteger(std::string_view text, std::int64_t n) {
  const auto read = ParseGoInteger(text, "Atoi");
  ASSERT_TRUE(read.ok()) << text;
  EXPECT_EQ(*read, n);
}
void ExpectNoInteger(std::string_view text, std::string_view message) {
  EXPECT_EQ(ParseGoInteger(text, "Atoi").status().message(), message);
}

TEST(ParamsTest, ReadsIntegersAsGoDoes) {
  ExpectInteger("0", 0);
  ExpectInteger("+7", 7);
  ExpectInteger("-7", -7);
  ExpectNoInteger("", R"(strconv.Atoi: parsing "": invalid syntax)");
  ExpectNoInteger("1.5", R"(strconv.Atoi: parsing "1.5": invalid syntax)");
  ExpectNoInteger("+-1", R"(strconv.Atoi: parsing "+-1": invalid syntax)");
  ExpectNoInteger("99999999999999999999", R"(strconv.Atoi: parsing "99999999999999999999": value out of range)");
}

TEST(ParamsTest, UnescapesLabelNames) {
  const auto expect = [](std::string_view escaped, std::string_view plain) {
    EXPECT_EQ(UnescapeLabelName(escaped), plain) << escaped;
  };
  expect("job", "job");
  expect("U__user_2e_id", "user.id");
  expect("U__a__b_2e_c", "a_b.c");
  expect("U__caf_e9_", "caf\xc3\xa9");
  expect("U___1F600_", "\xf0\x9f\x98\x80");
  expect("U__", "");
  expect("U__a_", "U__a_");
  expect("U__a_zz_", "U__a_zz_");
  expect("U__a_d800_", "U__a_d800_");
  expect("U__a_1234567_", "U__a_1234567_");
  expect("U__a_2e", "U__a_2e");
}

}  // namespace
}  // namespace bellwether::api
