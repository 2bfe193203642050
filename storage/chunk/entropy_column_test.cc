#include "storage/chunk/entropy_column.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bellwether::storage::chunk {
namespace {

using Integers = std::vector<std::int64_t>;

// The example of docs/formats/chunks.md.
TEST(EntropyColumnTest, IsAsDocumented) {
  using namespace std::string_literals;
  const std::string bytes = "\x00\x01\x14\x00\x01\x80\x06\x80\x02\x00\x59\x05\x00\x00\xc6\x01\x00"s;
  Integers read(4);
  ASSERT_TRUE(ReadEntropyCoded(bytes, read));
  EXPECT_EQ(read, (Integers{10, 10, 11, 10}));
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_FALSE(ReadEntropyCoded(std::string_view(bytes).substr(0, n), read));
  EXPECT_FALSE(ReadEntropyCoded(bytes + "\0\0"s, read));  // A word too many.
  read.resize(5);
  EXPECT_FALSE(ReadEntropyCoded(bytes, read));  // The states do not come out.
}

void ExpectRoundTrip(const Integers& integers) {
  std::string bytes = "before";
  ASSERT_TRUE(AppendEntropyCoded(integers, bytes));
  Integers read(integers.size());
  ASSERT_TRUE(ReadEntropyCoded(std::string_view(bytes).substr(6), read));
  ASSERT_EQ(read, integers);
}

TEST(EntropyColumnTest, ColumnsOfAnyShape) {
  ExpectRoundTrip({0, 0, 0});
  ExpectRoundTrip({5, 5, 5, 5, 9});
  ExpectRoundTrip({-3, 0, 3, 6, 9});
  ExpectRoundTrip({0, 1'000'000, 2'000'000, 2'999'999, 4'000'000});
  ExpectRoundTrip({1LL << 40, 3LL << 40, -(5LL << 40)});
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 400; ++round) {
    Integers integers;
    const auto range = static_cast<std::int64_t>(2) << random() % 44;
    const auto unit = static_cast<std::int64_t>(1 + random() % 4);
    const bool sums = random() % 2 == 0;
    std::int64_t sum = 0;
    for (std::size_t n = 3 + random() % 500; n > 0; --n) {
      const auto noise = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(range)) * unit - range / 2;
      sum = sums ? (sum + noise) % (1LL << 52) : noise;
      integers.push_back(random() % 50 == 0 ? 0 : sum);
    }
    ExpectRoundTrip(integers);
    if (HasFatalFailure()) return;
  }
}

TEST(EntropyColumnTest, WhatIsSpreadTooWidelyIsLeft) {
  std::mt19937_64 random(1);
  Integers integers;
  for (int i = 0; i < 100; ++i) {
    integers.push_back(static_cast<std::int64_t>(random() >> 10) * (random() % 2 == 0 ? 1 : -1) / 2);
  }
  integers.push_back(1LL << 53);
  integers.push_back(-(1LL << 53));
  integers.push_back(1LL << 53);
  std::string bytes = "before";
  if (AppendEntropyCoded(integers, bytes)) {
    Integers read(integers.size());
    ASSERT_TRUE(ReadEntropyCoded(std::string_view(bytes).substr(6), read));
    EXPECT_EQ(read, integers);
  } else {
    EXPECT_EQ(bytes, "before");
  }
}

}  // namespace
}  // namespace bellwether::storage::chunk
