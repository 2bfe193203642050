// A full disk, and a receiver that is away for a day.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "notify/outbox/delivery_world_test.h"

namespace bellwether::notify {
namespace {

constexpr std::string_view kHardConfig = R"(
route: {receiver: hook, group_by: [alertname], group_wait: 30s, group_interval: 5m, repeat_interval: 4h}
receivers:
  - name: hook
    webhook_configs: [{url: 'https://hook.example/'}]
)";

metric::Labels HardAlert(int number) { return {{"alertname", "Drift" + std::to_string(number)}, {"instance", "a"}}; }

std::vector<std::string> ReasonsOf(const DeliveryWorld& world) {
  std::vector<std::string> out;
  for (const Receipt& receipt : world.receipts) out.push_back(receipt.reason);
  return out;
}

TEST(HardTimes, WhatAFullDiskCannotKeepIsKeptByTheGiver) {
  DeliveryWorld world(kHardConfig);
  world.state.is_full = true;
  world.Fire(HardAlert(1));
  world.Pass(base::Minutes(10));
  EXPECT_TRUE(world.receipts.empty());  // Nothing is sent that is not written down.
  EXPECT_GT(world.state.refused, 0U);
  world.state.is_full = false;
  world.Pass(base::Seconds(31));
  EXPECT_EQ(ReasonsOf(world), std::vector<std::string>{"first notification"});
}

// The disk fills while the message is on its way: the receiver has it and the record is missing. It is sent again, not
// oftener than once a minute, under the same key.
TEST(HardTimes, AFullDiskBehindASendRepeatsSlowlyUnderTheSameKey) {
  DeliveryWorld world(kHardConfig);
  world.answer = [&](base::TimestampMs) -> base::Result<base::HttpClientResponse> {
    world.state.is_full = true;
    return base::HttpClientResponse{.status = 200, .headers = {}, .body = {}};
  };
  world.Fire(HardAlert(1));
  world.Pass(base::Minutes(10));
  EXPECT_LE(world.receipts.size(), 11U);
  EXPECT_GE(world.receipts.size(), 2U);
  std::set<std::string> keys;
  for (const Receipt& receipt : world.receipts) keys.insert(receipt.key);
  EXPECT_EQ(keys.size(), 1U);
  world.answer = nullptr;
  world.state.is_full = false;
  const std::size_t before = world.receipts.size();
  world.Pass(base::Minutes(10));
  EXPECT_EQ(world.receipts.size(), before + 1);
  EXPECT_EQ(world.receipts.back().key, *keys.begin());
}

// Groups come and go while nobody answers. Then each is told as it is, once, and none that is over without having been
// told as firing is told as anything else than resolved.
TEST(HardTimes, AReceiverThatIsAwayForADayIsToldWhatIsTrueNow) {
  DeliveryWorld world(kHardConfig);
  world.answer = [](base::TimestampMs) -> base::Result<base::HttpClientResponse> {
    return base::Unavailable("connection refused");
  };
  constexpr int kGroups = 24;
  for (int hour = 0; hour < kGroups; ++hour) {
    world.Fire(HardAlert(hour));
    if (hour >= 12) world.Resolve(HardAlert(hour - 12));
    world.Pass(base::Hours(1), base::Seconds(10));
  }
  EXPECT_TRUE(world.receipts.empty());
  world.answer = nullptr;
  world.Pass(base::Minutes(2));
  ASSERT_EQ(world.receipts.size(), static_cast<std::size_t>(kGroups));
  std::set<std::string> groups;
  int firing = 0;
  for (const Receipt& receipt : world.receipts) {
    EXPECT_TRUE(groups.insert(receipt.group).second);
    firing += receipt.firing.empty() ? 0 : 1;
  }
  EXPECT_EQ(firing, 12);
  world.Pass(base::Minutes(10));
  EXPECT_EQ(world.receipts.size(), static_cast<std::size_t>(kGroups));
}

}  // namespace
}  // namespace bellwether::notify
