// What is suppressed and what is told all the same, from alert to receipt, over restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "notify/outbox/delivery_world_test.h"
#include "notify/silences.h"

namespace bellwether::notify {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kTimers = "group_by: [alertname], group_wait: 10s, group_interval: 1m, repeat_interval: 1h";

std::string Inhibiting() {
  return "route: {receiver: hook, " + std::string(kTimers) +
         "}\nreceivers: [{name: hook, webhook_configs: [{url: 'https://hook.example/'}]}]\n"
         "inhibit_rules: [{source_matchers: [severity=page], target_matchers: [severity=warning], equal: [model]}]\n";
}

const metric::Labels kPage{{"alertname", "Down"}, {"severity", "page"}, {"model", "fraud"}, {"n", "page"}};
const metric::Labels kSecondPage{{"alertname", "Down"}, {"severity", "page"}, {"model", "fraud"}, {"n", "page2"}};
const metric::Labels kWarning{{"alertname", "Slow"}, {"severity", "warning"}, {"model", "fraud"}, {"n", "warning"}};

TEST(SuppressedDelivery, InhibitedAlertsAreNotToldWhileOneSourceFires) {
  DeliveryWorld world(Inhibiting());
  world.Fire(kPage);
  world.Fire(kSecondPage);
  world.Fire(kWarning);
  world.Pass(base::Minutes(2));
  EXPECT_THAT(world.Told(), ElementsAre("first notification [page page2] []"));
  world.Resolve(kPage);
  world.Pass(base::Minutes(2));
  EXPECT_THAT(world.Told(), ElementsAre("some alerts resolved [page2] [page]"));
  world.Restart();  // The sources are in the store.
  world.Pass(base::Minutes(2));
  EXPECT_THAT(world.Told(), IsEmpty());
  world.Resolve(kSecondPage);
  world.Pass(base::Minutes(2));
  EXPECT_THAT(world.Told(), ElementsAre("all alerts resolved [] [page2]", "first notification [warning] []"));
}

TEST(SuppressedDelivery, AnAnnouncedAlertIsResolvedAlsoWhileInhibited) {
  DeliveryWorld world(Inhibiting());
  world.Fire(kWarning);
  world.Pass(base::Minutes(1));
  EXPECT_THAT(world.Told(), ElementsAre("first notification [warning] []"));
  world.Fire(kPage);
  world.Pass(base::Hours(2), base::Seconds(10));
  EXPECT_THAT(world.Told(), ElementsAre("first notification [page] []", "repeat interval elapsed [page] []"));
  world.Restart();
  world.Resolve(kWarning);
  world.Pass(base::Minutes(2));
  EXPECT_THAT(world.Told(), ElementsAre("all alerts resolved [] [warning]"));
}

// The world begins on a Tuesday, 2026-09-01, at 08:12:30 UTC.
std::string Muting(std::string_view key) {
  return "route: {receiver: hook, " + std::string(kTimers) + ", routes: [{" + std::string(key) +
         ": [office]}]}\nreceivers: [{name: hook, webhook_configs: [{url: 'https://hook.example/'}]}]\n"
         "time_intervals: [{name: office, time_intervals: [{times: [{start_time: '09:00', end_time: '10:00'}]}]}]\n";
}

metric::Labels Drift(std::string_view n) { return {{"alertname", "Drift"}, {"n", n}}; }

TEST(SuppressedDelivery, MutedHoursDelayWhatFiresAndNotWhatEnds) {
  DeliveryWorld world(Muting("mute_time_intervals"));
  world.Fire(Drift("early"));
  world.Pass(base::Minutes(1));
  EXPECT_THAT(world.Told(), ElementsAre("first notification [early] []"));
  world.Pass(base::Minutes(49), base::Seconds(10));  // 09:02
  world.Fire(Drift("late"));
  world.Fire(Drift("short"));
  world.Pass(base::Minutes(10), base::Seconds(10));
  EXPECT_THAT(world.Told(), IsEmpty());
  world.Resolve(Drift("short"));
  world.Resolve(Drift("early"));
  world.Pass(base::Minutes(10), base::Seconds(10));
  EXPECT_THAT(world.Told(), ElementsAre("all alerts resolved [] [early]"));
  world.Pass(base::Hours(1), base::Seconds(10));
  EXPECT_THAT(world.Told(), ElementsAre("first notification [late] []"));
}

TEST(SuppressedDelivery, OutsideItsActiveHoursARouteIsQuiet) {
  DeliveryWorld world(Muting("active_time_intervals"));
  world.Fire(Drift("a"));
  world.Pass(base::Minutes(40), base::Seconds(10));
  EXPECT_THAT(world.Told(), IsEmpty());
  world.Pass(base::Minutes(10), base::Seconds(10));
  EXPECT_THAT(world.Told(), ElementsAre("first notification [a] []"));
}

std::string Silence1h(DeliveryWorld& world, const char* n) {
  const auto id = world.dispatcher->silences().Set({.id = {},
                                                    .matchers = {metric::Matcher::Equal("n", n)},
                                                    .starts_at = world.clock.Now(),
                                                    .ends_at = world.clock.Now() + base::Hours(1),
                                                    .updated_at = {},
                                                    .created_by = "mia",
                                                    .comment = {},
                                                    .annotations = {}});
  EXPECT_TRUE(id.ok());
  return *id;
}

TEST(SuppressedDelivery, ASilenceDelaysWhatFiresAndNotWhatEnds) {
  DeliveryWorld world(Inhibiting());
  world.Fire(Drift("a"));
  world.Pass(base::Minutes(1));
  EXPECT_THAT(world.Told(), ElementsAre("first notification [a] []"));
  const std::string a = Silence1h(world, "a");
  const std::string b = Silence1h(world, "b");
  world.Fire(Drift("b"));
  world.Restart();
  world.Pass(base::Minutes(10));
  EXPECT_THAT(world.Told(), IsEmpty());
  const std::vector<ShownAlert> shown = world.dispatcher->Alerts();
  ASSERT_EQ(shown.size(), 2U);
  EXPECT_EQ(shown[0].silenced_by.size() + shown[1].silenced_by.size(), 2U);
  world.Resolve(Drift("a"));
  world.Pass(base::Minutes(2));
  EXPECT_THAT(world.Told(), ElementsAre("all alerts resolved [] [a]"));
  EXPECT_TRUE(world.dispatcher->silences().Expire(b).ok());
  world.Pass(base::Minutes(2));
  EXPECT_THAT(world.Told(), ElementsAre("first notification [b] []"));
  Silence1h(world, "b");
  world.Pass(base::Hours(1) - base::Minutes(5), base::Seconds(10));
  EXPECT_THAT(world.Told(), IsEmpty());
  world.Pass(base::Minutes(10), base::Seconds(10));  // Over by the clock alone.
  EXPECT_THAT(world.Told(), ElementsAre("repeat interval elapsed [b] []"));
}

TEST(SuppressedDelivery, ForeignAlertsGoTheSameWay) {
  DeliveryWorld world(Inhibiting());
  const auto post = [&](const char* n, const char* severity, std::optional<base::TimestampMs> ends_at) {
    const ForeignAlert alert{.labels = {{"alertname", "Slow"}, {"severity", severity}, {"n", n}},
                             .annotations = {},
                             .starts_at = {},
                             .ends_at = ends_at,
                             .generator_url = {}};
    const auto outcome = world.dispatcher->Post({&alert, 1});
    ASSERT_TRUE(outcome.ok());
    EXPECT_THAT(outcome->problems, IsEmpty());
  };
  post("page", "page", {});
  post("warning", "warning", {});
  world.Pass(base::Minutes(2));
  EXPECT_THAT(world.Told(), ElementsAre("first notification [page] []"));
  world.Restart();
  world.Pass(base::Minutes(2));
  post("page", "page", {});  // Said again, and then no more: the end is a guess.
  const std::vector<ShownGroup> groups = world.dispatcher->Groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].receiver, "hook");
  ASSERT_EQ(groups[0].alerts.size(), 2U);
  EXPECT_EQ(groups[0].alerts[1].inhibited_by.size(), 1U);
  world.Pass(base::Minutes(7));
  EXPECT_THAT(world.Told(), ElementsAre("all alerts resolved [] [page]"));
  post("x", "info", {});
  world.Pass(base::Minutes(1));
  EXPECT_THAT(world.Told(), ElementsAre("first notification [x] []"));
  post("x", "info", world.clock.Now());
  world.Pass(base::Minutes(2));
  EXPECT_THAT(world.Told(), ElementsAre("all alerts resolved [] [x]"));
  const ForeignAlert bad[2] = {};
  EXPECT_EQ(world.dispatcher->Post(bad)->problems.size(), 2U);
}

}  // namespace
}  // namespace bellwether::notify
