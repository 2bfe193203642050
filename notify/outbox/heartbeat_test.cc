#include "notify/outbox/heartbeat.h"

#include <gtest/gtest.h>

#include "notify/outbox/delivery_world_test.h"

namespace bellwether::notify {
namespace {

constexpr std::string_view kHeartbeatConfig = R"(
route: {receiver: nobody}
receivers:
  - name: nobody
  - name: switch
    heartbeat: 1m
    webhook_configs: [{url: 'https://hc.example/'}]
)";

TEST(Heartbeat, IsHeardAtItsIntervalAndOverRestarts) {
  DeliveryWorld world(kHeartbeatConfig);
  world.Pass(base::Minutes(10));
  EXPECT_EQ(world.receipts.size(), 11U);
  EXPECT_EQ(world.receipts.front().reason, "heartbeat");
  world.kill.is_dead = true;
  world.Pass(base::Seconds(1));
  EXPECT_EQ(world.restarts, 1);
  EXPECT_LE(world.receipts.size(), 12U) << "a restart is no reason for another one";
}

TEST(Heartbeat, OneWaitsAndNoMore) {
  DeliveryWorld world(kHeartbeatConfig);
  world.answer = [](base::TimestampMs) -> base::Result<base::HttpClientResponse> { return base::Unavailable("away"); };
  world.Pass(base::Minutes(30));
  EXPECT_EQ(world.dispatcher->Outbox().size(), 1U);
  world.answer = nullptr;
  world.Pass(base::Minutes(2));
  EXPECT_LE(world.receipts.size(), 3U);
  EXPECT_GE(world.receipts.size(), 2U);
}

}  // namespace
}  // namespace bellwether::notify
