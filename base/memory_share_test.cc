#include "base/memory_share.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace bellwether::base {
namespace {

TEST(MemoryShareTest, RefusesWhatGoesBeyondIt) {
  const auto share = std::make_shared<MemoryShare>(100, "no more");
  MemoryHold first(share);
  ASSERT_TRUE(first.Grow(60).ok());
  {
    MemoryHold second(share);
    EXPECT_EQ(second.Grow(41), Unavailable("no more"));
    EXPECT_EQ(second.Grow(~std::uint64_t{0}), Unavailable("no more"));
    EXPECT_EQ(second.bytes(), 0u);
    EXPECT_TRUE(second.Grow(40).ok());
    EXPECT_EQ(share->used(), 100u);
  }
  EXPECT_EQ(share->used(), 60u);
  EXPECT_EQ(share->refusals(), 2u);
  first.ShrinkTo(70);
  EXPECT_EQ(first.bytes(), 60u);
  first.ShrinkTo(10);
  EXPECT_EQ(share->used(), 10u);
  MemoryHold moved = std::move(first);
  MemoryHold other(share);
  ASSERT_TRUE(other.Grow(5).ok());
  moved.Absorb(std::move(other));
  EXPECT_EQ(moved.bytes(), 15u);
  EXPECT_EQ(share->used(), 15u);
  moved = MemoryHold();
  EXPECT_EQ(share->used(), 0u);
}

TEST(MemoryShareTest, WithoutABoundItCounts) {
  const auto share = std::make_shared<MemoryShare>(0, "");
  MemoryHold hold(share);
  EXPECT_TRUE(hold.Grow(std::uint64_t{1} << 60).ok());
  EXPECT_EQ(share->used(), std::uint64_t{1} << 60);
  MemoryHold none(nullptr);
  EXPECT_TRUE(none.Grow(std::uint64_t{1} << 60).ok());
}

TEST(MemoryShareThreadsTest, IsNeverExceeded) {
  const auto share = std::make_shared<MemoryShare>(1000, "");
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (std::uint64_t i = 0; i < 20'000; ++i) {
        MemoryHold hold(share);
        static_cast<void>(hold.Grow(i % 700).ok());
        EXPECT_LE(share->used(), 1000u);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(share->used(), 0u);
}

}  // namespace
}  // namespace bellwether::base
