#include "base/number.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace bellwether::base {
namespace {

TEST(Number, WritesAsGoDoes) {
  const auto check = [](double v, const char* json, const char* g, const char* f, const char* e) {
    EXPECT_EQ(FormatNumber(v), json);
    EXPECT_EQ(FormatNumberG(v), g);
    EXPECT_EQ(FormatNumberF(v), f);
    EXPECT_EQ(FormatNumberE(v), e);
  };
  check(0, "0", "0", "0", "0e+00");
  check(-0.0, "-0", "-0", "-0", "-0e+00");
  check(1, "1", "1", "1", "1e+00");
  check(0.5, "0.5", "0.5", "0.5", "5e-01");
  check(100000, "100000", "100000", "100000", "1e+05");
  check(1000000, "1000000", "1e+06", "1000000", "1e+06");
  check(1234567, "1234567", "1.234567e+06", "1234567", "1.234567e+06");
  check(0.00001, "0.00001", "1e-05", "0.00001", "1e-05");
  check(1e-7, "1e-07", "1e-07", "0.0000001", "1e-07");
  check(1e21, "1e+21", "1e+21", "1000000000000000000000", "1e+21");
  check(123456.75, "123456.75", "123456.75", "123456.75", "1.2345675e+05");
  check(5e-324, "5e-324", "5e-324", FormatNumberF(5e-324).c_str(), "5e-324");
  check(std::numeric_limits<double>::max(), "1.7976931348623157e+308", "1.7976931348623157e+308",
        FormatNumberF(std::numeric_limits<double>::max()).c_str(), "1.7976931348623157e+308");
  check(std::numeric_limits<double>::quiet_NaN(), "NaN", "NaN", "NaN", "NaN");
  check(std::numeric_limits<double>::infinity(), "+Inf", "+Inf", "+Inf", "+Inf");
  check(-std::numeric_limits<double>::infinity(), "-Inf", "-Inf", "-Inf", "-Inf");
}

// The quick ways of AppendNumber against the plain one of FormatNumberF, over all magnitudes without an exponent.
TEST(Number, QuickWaysAgreeWithThePlainOne) {
  constexpr std::uint64_t kSeed = 20260821;
  std::mt19937_64 random(kSeed);
  std::uniform_real_distribution<double> exponent(-6, 21);
  std::uniform_real_distribution<double> mantissa(-1, 1);
  for (int i = 0; i < 100'000; ++i) {
    const double v = mantissa(random) * std::pow(10.0, exponent(random));
    if (std::fabs(v) < 1e-6) continue;
    ASSERT_EQ(FormatNumber(v), FormatNumberF(v)) << "seed " << kSeed << " round " << i;
  }
  for (const double v : {1e-4, 9.999999999999999e-5, 1e15, 999999999999999.9, 1e16, 123456789012345.6, 0.1 + 0.2}) {
    EXPECT_EQ(FormatNumber(v), FormatNumberF(v));
    EXPECT_EQ(FormatNumber(-v), FormatNumberF(-v));
  }
}

TEST(Number, PrecisionFollowsC) {
  EXPECT_EQ(FormatNumberGPrecision(12346, 4), "1.235e+04");
  EXPECT_EQ(FormatNumberGPrecision(95.9, 4), "95.9");
}

TEST(Number, ReadsWhatItWrites) {
  for (const double v : {0.1, -1e300, 5e-324, 123.456, 1e21, 3.0}) EXPECT_EQ(ParseNumber(FormatNumber(v)), v);
  EXPECT_EQ(ParseNumber("0x1F"), 31);
  EXPECT_EQ(ParseNumber("+Inf"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(ParseNumber("-inf"), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(*ParseNumber("NaN")));
  EXPECT_EQ(ParseNumber("1e400"), std::numeric_limits<double>::infinity());
  for (const char* text : {"", "+", "1x", "--1", "0x", "1 "}) EXPECT_FALSE(ParseNumber(text).has_value()) << text;
}

}  // namespace
}  // namespace bellwether::base
