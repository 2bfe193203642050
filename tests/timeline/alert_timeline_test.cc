// What a user sees of an alert over time: states, updates, series, history.
#include <gtest/gtest.h>

#include "tests/timeline/rule_world.h"

namespace bellwether::timeline {
namespace {

constexpr std::string_view kDownFor2m = R"(
groups:
- name: g
  rules:
  - alert: Down
    expr: up == 0
    for: 2m
    labels: {severity: page}
    annotations: {summary: '{{ $labels.job }} is {{ $value }}'}
)";

TEST(AlertTimelineTest, PendingFiringResolved) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kDownFor2m).ok());
  EXPECT_EQ(world.Rule().health, rules::RuleHealth::kUnknown);
  world.Tick(R"(up{job="a"})", 1);
  EXPECT_EQ(world.Alerts(), "");
  EXPECT_EQ(world.Rule().health, rules::RuleHealth::kOk);
  EXPECT_EQ(world.Rule().state, rules::AlertState::kInactive);
  world.Tick(R"(up{job="a"})", 0);
  EXPECT_EQ(world.Alerts(), "{alertname=\"Down\", job=\"a\", severity=\"page\"} pending active 1 value 0\n");
  EXPECT_EQ(world.Rule().state, rules::AlertState::kPending);
  EXPECT_EQ(world.Query("ALERTS"),
            "ALERTS{alertname=\"Down\", alertstate=\"pending\", job=\"a\", severity=\"page\"} 1\n");
  EXPECT_EQ(world.Query("ALERTS_FOR_STATE - scalar(ALERTS_FOR_STATE)"),
            "{alertname=\"Down\", job=\"a\", severity=\"page\"} 0\n");
  EXPECT_EQ(world.NewUpdates(), "");
  world.Ticks(R"(up{job="a"})", "00");
  EXPECT_EQ(world.Alerts(), "{alertname=\"Down\", job=\"a\", severity=\"page\"} firing active 1 fired 3 value 0\n");
  EXPECT_EQ(world.Query("ALERTS"),
            "ALERTS{alertname=\"Down\", alertstate=\"firing\", job=\"a\", severity=\"page\"} 1\n")
      << "the pending series ended";
  EXPECT_EQ(world.NewUpdates(), "firing Down@3 from 3 to 7\n");
  world.Tick(R"(up{job="a"})", 1);
  EXPECT_EQ(world.Alerts(), "");
  EXPECT_EQ(world.Query("ALERTS or ALERTS_FOR_STATE"), "");
  EXPECT_EQ(world.NewUpdates(), "resolved Down@4 from 3 to 4\n");
  EXPECT_EQ(world.History(),
            "1 Down inactive -> pending (became pending)\n"
            "3 Down pending -> firing (fired)\n"
            "4 Down firing -> inactive (resolved)\n");
}

TEST(AlertTimelineTest, TellsWhatReceiversNeed) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kDownFor2m).ok());
  world.Ticks(R"(up{job="a"})", "000");
  const auto updates = world.sink.New();
  ASSERT_EQ(updates.size(), 1U);
  EXPECT_EQ(updates[0].sequence, 1U);
  EXPECT_EQ(updates[0].annotations, (metric::Annotations{{"summary", "a is 0"}}));
  EXPECT_EQ(updates[0].generator_url, "http://bellwether.example/graph?g0.expr=up+%3D%3D+0&g0.tab=1");
  EXPECT_TRUE(updates[0].rule.ends_with("/rules.yml;g;Down")) << updates[0].rule;
}

TEST(AlertTimelineTest, ResendsAndRemembersTheEndForFifteenMinutes) {
  RuleWorld world;
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]").ok());
  world.Ticks("up", "00000");
  EXPECT_EQ(world.NewUpdates(), "firing A@0 from 0 to 4\nfiring A@2 from 0 to 6\nfiring A@4 from 0 to 8\n");
  world.Ticks("up", "1111");
  EXPECT_EQ(world.NewUpdates(), "resolved A@5 from 0 to 5\nresolved A@7 from 0 to 5\n");
  world.Ticks("up", "111111111111111");
  EXPECT_EQ(
      world.NewUpdates(),
      "resolved A@9 from 0 to 5\nresolved A@11 from 0 to 5\nresolved A@13 from 0 to 5\nresolved A@15 from 0 to 5\n"
      "resolved A@17 from 0 to 5\nresolved A@19 from 0 to 5\n")
      << "forgotten a quarter of an hour later";
  world.Ticks("up", "0");
  EXPECT_EQ(world.NewUpdates(), "firing A@24 from 24 to 28\n");
}

TEST(AlertTimelineTest, KeepsFiringFor) {
  RuleWorld world;
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{alert: A, expr: up < 5, keep_firing_for: 2m}]}]").ok());
  world.Ticks("up", "36");
  EXPECT_EQ(world.Alerts(), "{alertname=\"A\"} firing active 0 fired 0 kept since 1 value 3\n") << "the value stays";
  world.Ticks("up", "64");
  EXPECT_EQ(world.Alerts(), "{alertname=\"A\"} firing active 0 fired 0 value 4\n");
  world.Ticks("up", "666");
  EXPECT_EQ(world.Alerts(), "");
  EXPECT_EQ(world.History(), "0 A inactive -> firing (fired)\n6 A firing -> inactive (resolved)\n");
}

TEST(AlertTimelineTest, EachLabelSetHasItsOwnLife) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kDownFor2m).ok());
  world.Tick(R"(up{job="a"})", 0);
  world.ToNextSlot();
  world.Send(R"(up{job="a"})", 0);
  world.Send(R"(up{job="b"})", 0);
  world.manager->RunDue();
  world.Tick(R"(up{job="b"})", 0);
  EXPECT_EQ(world.Alerts(),
            "{alertname=\"Down\", job=\"a\", severity=\"page\"} firing active 0 fired 2 value 0\n"
            "{alertname=\"Down\", job=\"b\", severity=\"page\"} pending active 1 value 0\n");
  EXPECT_EQ(world.Rule().state, rules::AlertState::kFiring);
}

TEST(AlertTimelineTest, MissedSlotsAreCountedAndSkipped) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kDownFor2m).ok());
  world.Tick(R"(up{job="a"})", 0);
  world.ToNextSlot();
  world.ToNextSlot();
  world.clock.Advance(base::Seconds(3));
  world.manager->RunDue();
  EXPECT_EQ(world.MinutesOf(*world.Group().last_evaluation), 2) << "the slot's time, not the clock's";
  EXPECT_EQ(world.Alerts(), "{alertname=\"Down\", job=\"a\", severity=\"page\"} firing active 0 fired 2 value 0\n");
  const std::string text = world.metrics.WriteText();
  EXPECT_NE(text.find("/rules.yml;g\"} 1\n# "), std::string::npos);
  EXPECT_NE(text.find("prometheus_rule_group_iterations_missed_total{rule_group="), std::string::npos);
}

TEST(AlertTimelineTest, WaitsForFreshSamplesAfterAStart) {
  RuleWorld world;
  world.options.startup_hold = base::Minutes(3);
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{alert: A, expr: absent(up)}]}]").ok());
  world.Tick();
  world.Tick();
  EXPECT_FALSE(world.Group().last_evaluation);
  world.Tick("up", 1);
  EXPECT_FALSE(world.Group().last_evaluation) << "that slot had begun when the sample came";
  world.Tick("up", 1);
  EXPECT_TRUE(world.Group().last_evaluation);
  EXPECT_EQ(world.NewUpdates(), "");
}

TEST(AlertTimelineTest, SamplesOfTheSecondOfTheStartAreFresh) {
  for (const int age_ms : {400, 1400}) {
    RuleWorld world(1'700'000'000'400);
    world.options.startup_hold = base::Minutes(5);
    ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{alert: A, expr: absent(up)}]}]").ok());
    world.clock.Advance(base::Milliseconds(-age_ms));
    world.Send("up", 1);
    world.clock.Advance(base::Milliseconds(age_ms));
    world.Ticks("", "--");
    EXPECT_EQ(world.Group().last_evaluation.has_value(), age_ms == 400) << age_ms;
  }
}

TEST(AlertTimelineTest, HoldsNoLongerThanTheStartupHold) {
  RuleWorld world;
  world.options.startup_hold = base::Minutes(2);
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{alert: A, expr: absent(up)}]}]").ok());
  for (int i = 0; i < 4; ++i) world.Tick();
  EXPECT_EQ(world.Rule().state, rules::AlertState::kFiring);
}

TEST(AlertTimelineTest, HistoryIsKeptForAMonth) {
  RuleWorld world;
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]").ok());
  world.Ticks("up", "0");
  world.clock.Advance(base::Days(29));
  EXPECT_EQ(world.History(), "0 A inactive -> firing (fired)\n");
  world.clock.Advance(base::Days(2));
  EXPECT_EQ(world.History(), "");
}

TEST(AlertTimelineTest, HistoryIsReadByTime) {
  RuleWorld world;
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]").ok());
  world.Ticks("up", "010");
  const base::TimestampMs last = *world.Group().last_evaluation;
  const auto count = [&](base::TimestampMs min, base::TimestampMs max) {
    return world.manager->History(min, max)->size();
  };
  EXPECT_EQ(count(base::TimestampMs::Min(), base::TimestampMs::Max()), 3U);
  EXPECT_EQ(count(last, last), 1U);
  EXPECT_EQ(count(last - base::Minutes(1), last), 2U);
  EXPECT_EQ(count(last + base::Milliseconds(1), base::TimestampMs::Max()), 0U);
  EXPECT_EQ(count(base::TimestampMs(0), last - base::Milliseconds(1)), 2U);
}

}  // namespace
}  // namespace bellwether::timeline
