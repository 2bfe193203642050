#include "notify/outbox/delivery_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "notify/outbox/delivery_world_test.h"
#include "storage/open.h"

namespace bellwether::notify {
namespace {

constexpr std::string_view kLogConfig = R"(
route: {receiver: hook, group_by: [alertname], group_wait: 10s, group_interval: 1m, repeat_interval: 1d}
receivers:
  - name: hook
    webhook_configs: [{url: 'https://hook.example/'}]
)";

std::string ResultsOf(const DeliveryWorld& world, const DeliveryLogQuery& query = {}) {
  const auto records = ReadDeliveryLog(world.state, query);
  EXPECT_TRUE(records.ok()) << records.status().message();
  std::string out;
  for (const DeliveryRecord& r : *records) {
    out += std::string(DeliveryResultName(r.result)) + " " + r.reason + " " + std::to_string(r.attempts) + " " +
           std::to_string(r.alert_count) + " " + r.answer + "\n";
  }
  return out;
}

TEST(DeliveryLog, SaysWhatBecameOfEachMessage) {
  DeliveryWorld world(kLogConfig);
  world.Fire({{"alertname", "A"}, {"instance", "1"}});
  world.Pass(base::Seconds(20));
  EXPECT_EQ(ResultsOf(world), "delivered first notification 1 1 200\n");
  world.answer = [](base::TimestampMs) -> base::Result<base::HttpClientResponse> {
    return base::HttpClientResponse{.status = 503, .headers = {}, .body = "busy"};
  };
  world.Fire({{"alertname", "A"}, {"instance", "2"}});
  world.Pass(base::Minutes(2));
  world.Resolve({{"alertname", "A"}, {"instance", "1"}});
  world.Resolve({{"alertname", "A"}, {"instance", "2"}});
  world.Pass(base::Minutes(2));
  world.answer = nullptr;
  world.Pass(base::Minutes(2));
  const std::string results = ResultsOf(world);
  EXPECT_THAT(results, ::testing::HasSubstr("replaced new alerts added"));
  EXPECT_THAT(results, ::testing::HasSubstr("status 503: busy\n"));
  EXPECT_THAT(results, ::testing::HasSubstr("delivered all alerts resolved"));
  EXPECT_EQ(ResultsOf(world, {.receiver = "other"}), "");
  EXPECT_EQ(ResultsOf(world, {.limit = 1}), "delivered first notification 1 1 200\n");
  EXPECT_EQ(ResultsOf(world, {.end = base::TimestampMs(1)}), "");
  DeliveryLogQuery of_two;
  of_two.matchers.push_back(metric::Matcher::Make(metric::MatchOp::kEqual, "instance", "2").value());
  of_two.result = DeliveryResult::kDelivered;
  EXPECT_THAT(ResultsOf(world, of_two), ::testing::Not(::testing::HasSubstr("first")));
  world.clock.Advance(base::Days(31));
  EXPECT_EQ(ResultsOf(world), "");
}

TEST(DeliveryLog, DeadLettersAreSentAgainWhenAsked) {
  DeliveryWorld world(kLogConfig);
  world.answer = [](base::TimestampMs) -> base::Result<base::HttpClientResponse> {
    return base::HttpClientResponse{.status = 400, .headers = {}, .body = "no"};
  };
  world.Fire({{"alertname", "A"}});
  world.Pass(base::Seconds(20));
  ASSERT_EQ(world.dispatcher->Outbox().size(), 1U);
  const OutboxEntry letter = world.dispatcher->Outbox().front();
  EXPECT_EQ(letter.status, "dead");
  EXPECT_EQ(letter.last_error, "status 400: no");
  EXPECT_EQ(world.dispatcher->Resend(letter.id + 1).code(), base::StatusCode::kNotFound);
  world.answer = nullptr;
  ASSERT_TRUE(world.dispatcher->Resend(letter.id).ok());
  EXPECT_EQ(world.dispatcher->Resend(letter.id).code(), base::StatusCode::kNotFound);
  world.Pass(base::Seconds(2));
  EXPECT_EQ(world.receipts.size(), 1U);
  EXPECT_THAT(ResultsOf(world), ::testing::HasSubstr("dead first notification"));
  EXPECT_THAT(ResultsOf(world), ::testing::HasSubstr("delivered first notification"));
}

TEST(DeliveryLog, ADamagedEntryIsNamed) {
  base::SimulatedClock clock(base::TimestampMs(1000));
  const auto state = storage::NewMemoryStateStore(clock);
  storage::StateBatch batch;
  batch.Put("notify/v1/log/0000000000000001-x", "damaged");
  ASSERT_TRUE(state->Apply(batch).ok());
  EXPECT_EQ(ReadDeliveryLog(*state, {}).status().code(), base::StatusCode::kCorruption);
}

}  // namespace
}  // namespace bellwether::notify
