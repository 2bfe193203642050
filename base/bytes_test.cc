#include "base/bytes.h"

#include <limits>

#include <gtest/gtest.h>

namespace bellwether::base {
namespace {

TEST(Bytes, VarintsRoundTripAndRefuseTruncation) {
  for (const std::uint64_t v : {0ULL, 1ULL, 127ULL, 128ULL, 300ULL, 1ULL << 63, ~0ULL}) {
    std::string bytes;
    AppendVarint(bytes, v);
    std::string_view in = bytes;
    std::uint64_t back = 0;
    ASSERT_TRUE(ReadVarint(in, back));
    EXPECT_EQ(back, v);
    EXPECT_TRUE(in.empty());
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      in = std::string_view(bytes).substr(0, n);
      EXPECT_FALSE(ReadVarint(in, back));
    }
  }
  std::string_view overlong("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
  std::uint64_t v = 0;
  EXPECT_FALSE(ReadVarint(overlong, v));
}

TEST(Bytes, ZigZagKeepsSmallNumbersSmall) {
  EXPECT_EQ(ZigZag(0), 0u);
  EXPECT_EQ(ZigZag(-1), 1u);
  EXPECT_EQ(ZigZag(1), 2u);
  for (const std::int64_t v :
       {std::numeric_limits<std::int64_t>::min(), std::int64_t{-77}, std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(UnZigZag(ZigZag(v)), v);
  }
}

TEST(Bytes, BigEndianKeysCompareAsNumbers) {
  std::string a, b;
  AppendBigEndian64(a, 255);
  AppendBigEndian64(b, 256);
  EXPECT_LT(a, b);
  std::string_view in = b;
  std::uint64_t v = 0;
  ASSERT_TRUE(ReadBigEndian64(in, v));
  EXPECT_EQ(v, 256u);
}

TEST(Bytes, LengthPrefixNeverReachesBeyondTheInput) {
  std::string bytes;
  AppendLengthPrefixed(bytes, "abc");
  std::string_view in = bytes, got;
  ASSERT_TRUE(ReadLengthPrefixed(in, got));
  EXPECT_EQ(got, "abc");
  in = std::string_view(bytes).substr(0, 3);
  EXPECT_FALSE(ReadLengthPrefixed(in, got));
}

}  // namespace
}  // namespace bellwether::base
