#include "ingest/wire/snappy_block.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "ingest/wire/snappy_block_oracle.h"

namespace bellwether::ingest {
namespace {

unsigned DrawForSnappy(std::minstd_rand& rng, unsigned below) { return static_cast<unsigned>(rng()) % below; }

// Text that repeats itself at all distances and lengths, with some noise between.
std::string RepetitiveText(std::minstd_rand& rng) {
  std::string text;
  const std::size_t size = DrawForSnappy(rng, DrawForSnappy(rng, 4) == 0 ? 200'000 : 3000);
  while (text.size() < size) {
    const unsigned length = 1 + DrawForSnappy(rng, DrawForSnappy(rng, 8) == 0 ? 300 : 30);
    if (text.empty() || DrawForSnappy(rng, 4) == 0) {
      for (unsigned i = 0; i < length; ++i) text.push_back(static_cast<char>(rng()));
    } else {
      const std::size_t near = std::min<std::size_t>(text.size(), DrawForSnappy(rng, 2) == 0 ? 20 : 70'000);
      const std::size_t offset = 1 + DrawForSnappy(rng, static_cast<unsigned>(near));
      for (unsigned i = 0; i < length; ++i) text.push_back(text[text.size() - offset]);
    }
  }
  return text;
}

TEST(SnappyBlock, AgreesWithLibsnappyOnWholeAndDamagedBlocks) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::minstd_rand rng(seed);
  for (int round = 0; round < 300; ++round) {
    const std::string text = RepetitiveText(rng);
    std::string block;
    snappy::Compress(text.data(), text.size(), &block);
    std::string buffer;
    const auto opened = OpenSnappyBlock(block, text.size(), buffer);
    ASSERT_TRUE(opened.ok());
    ASSERT_EQ(*opened, text);
    for (int damage = 0; damage < 20; ++damage) {
      std::string damaged = block;
      damaged[DrawForSnappy(rng, static_cast<unsigned>(damaged.size()))] = static_cast<char>(rng());
      if (DrawForSnappy(rng, 4) == 0) damaged.resize(DrawForSnappy(rng, static_cast<unsigned>(damaged.size())));
      ASSERT_EQ(SnappyDisagreement(damaged), "");
    }
  }
}

// Elements that no compressor of ours makes: every tag with every distance from the beginning and the end of a block.
TEST(SnappyBlock, AgreesWithLibsnappyOnEveryElement) {
  for (unsigned tag = 0; tag < 256; ++tag) {
    for (std::size_t before = 0; before < 20; ++before) {
      for (std::size_t trailing = 0; trailing < 8; ++trailing) {
        for (unsigned offset : {0u, 1u, 2u, 15u, 16u, 17u, 20u}) {
          for (std::size_t declared : {before, before + (tag >> 2) + 1, before + 4 + (tag >> 2 & 7), before + 64}) {
            std::string block(1, static_cast<char>(declared));
            if (before > 0) block += static_cast<char>((before - 1) << 2) + std::string("abcdefghijklmnopqrst", before);
            block += static_cast<char>(tag);
            block += (std::string(1, static_cast<char>(offset)) + std::string(8, '\0')).substr(0, trailing);
            ASSERT_EQ(SnappyDisagreement(block), "") << testing::PrintToString(block);
          }
        }
      }
    }
  }
}

TEST(SnappyBlock, RefusesMoreThanTheLimitBeforeItIsRead) {
  std::string block;
  const std::string text(1000, 'x');
  snappy::Compress(text.data(), text.size(), &block);
  std::string buffer;
  EXPECT_TRUE(OpenSnappyBlock(block, 1000, buffer).ok());
  std::string small;
  EXPECT_FALSE(OpenSnappyBlock(block, 999, small).ok());
  EXPECT_TRUE(small.empty());
}

}  // namespace
}  // namespace bellwether::ingest
