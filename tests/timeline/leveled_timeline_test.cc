// Alerts with levels over time: what a user sees of them in series, updates, history and over restarts.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/timeline/rule_world.h"

namespace bellwether::timeline {
namespace {

constexpr std::string_view kDrift = R"(
groups:
- name: g
  rules:
  - alert: Drift
    expr: drift
    keep_firing_for: 2m
    levels:
    - {severity: info, above: 1}
    - {severity: warning, above: 3, for: 1m, clear_below: 2}
    - {severity: critical, above: 6, for: 2m, clear_below: 5}
    annotations: {summary: '{{ $labels.model }} is {{ $level }} at {{ $value }}'}
)";

constexpr std::string_view kSeries = R"(drift{model="a"})";

TEST(LeveledTimelineTest, OneAlertRisesAndFalls) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kDrift).ok());
  world.Ticks(kSeries, "0");
  EXPECT_EQ(world.Alerts(), "");
  world.Ticks(kSeries, "7");
  EXPECT_EQ(world.Alerts(), "{alertname=\"Drift\", model=\"a\", severity=\"info\"} firing active 1 fired 1 value 7\n");
  world.Ticks(kSeries, "7");
  EXPECT_EQ(world.Query("ALERTS"),
            "ALERTS{alertname=\"Drift\", alertstate=\"firing\", model=\"a\", severity=\"warning\"} 1\n")
      << "the old level ended with a stale marker";
  EXPECT_EQ(world.Query("count without () (ALERTS_FOR_STATE)"), "{alertname=\"Drift\", model=\"a\"} 1\n")
      << "no severity";
  world.Ticks(kSeries, "75432");
  EXPECT_EQ(world.Alerts(),
            "{alertname=\"Drift\", model=\"a\", severity=\"warning\"} firing active 1 fired 1 value 2\n")
      << "2 is not below clear_below";
  world.Ticks(kSeries, "1");
  EXPECT_EQ(world.Alerts(),
            "{alertname=\"Drift\", model=\"a\", severity=\"info\"} firing active 1 fired 1 kept since 8 value 1\n")
      << "keep_firing_for keeps the lowest level it had";
  world.Ticks(kSeries, "11");
  EXPECT_EQ(world.Alerts(), "");
  EXPECT_EQ(world.Query("ALERTS or ALERTS_FOR_STATE"), "");
  EXPECT_EQ(world.History(),
            "1 Drift inactive -> firing (fired)\n"
            "2 Drift firing -> firing (rose from info to warning)\n"
            "3 Drift firing -> firing (rose from warning to critical)\n"
            "5 Drift firing -> firing (fell from critical to warning)\n"
            "8 Drift firing -> firing (fell from warning to info)\n"
            "10 Drift firing -> inactive (resolved)\n");
}

// What a person reads beside the state: bound, worst value, and which levels since when.
TEST(LeveledTimelineTest, TellsBoundPeakAndLevels) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kDrift).ok());
  world.Ticks(kSeries, "27");
  world.Restart();
  world.Ticks(kSeries, "95");
  const std::vector<metric::AlertUpdate> all = world.sink.All();
  const auto told = std::find_if(all.rbegin(), all.rend(),
                                 [](const metric::AlertUpdate& u) { return u.phase == metric::AlertPhase::kFiring; });
  ASSERT_NE(told, all.rend());
  EXPECT_EQ(told->condition, "above 6");
  EXPECT_EQ(told->peak, 9);
  std::string levels;
  for (const metric::AlertLevel& level : told->levels) levels += level.severity + " ";
  EXPECT_EQ(levels, "info warning critical ");
  world.Ticks(kSeries, "000");
  EXPECT_EQ(world.sink.All().back().phase, metric::AlertPhase::kResolved);
  EXPECT_EQ(world.sink.All().back().peak, 9);
}

TEST(LeveledTimelineTest, TellsTheNewSeverityBeforeTheEndOfTheOld) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kDrift).ok());
  world.Ticks(kSeries, "77");
  const auto updates = world.sink.New();
  ASSERT_EQ(updates.size(), 3U);
  EXPECT_EQ(updates[0].labels.Get("severity"), "info");
  EXPECT_EQ(world.MinutesOf(updates[0].starts_at), 0);
  EXPECT_EQ(updates[1].labels.Get("severity"), "warning");
  EXPECT_EQ(updates[1].phase, metric::AlertPhase::kFiring);
  EXPECT_EQ(world.MinutesOf(updates[1].starts_at), 1) << "when the level was reached";
  EXPECT_EQ(updates[1].annotations.at("summary"), "a is warning at 7");
  EXPECT_EQ(updates[2].labels, updates[0].labels);
  EXPECT_EQ(updates[2].phase, metric::AlertPhase::kResolved);
  EXPECT_EQ(updates[2].starts_at, updates[0].starts_at);
  EXPECT_EQ(world.MinutesOf(updates[2].ends_at), 1);
  EXPECT_EQ(updates[2].annotations.at("moved_to"), "warning");
  EXPECT_EQ(updates[2].moved_to, updates[1].labels);
}

TEST(LeveledTimelineTest, EveryClockGoesOnOverARestartAtAnyTime) {
  constexpr std::string_view kValues = "0777754321443377711111";
  RuleWorld whole;
  ASSERT_TRUE(whole.Load(kDrift).ok());
  whole.Ticks(kSeries, kValues);
  for (std::size_t i = 0; i <= kValues.size(); ++i) {
    RuleWorld cut;
    ASSERT_TRUE(cut.Load(kDrift).ok());
    cut.Ticks(kSeries, kValues.substr(0, i));
    cut.Restart();
    cut.Ticks(kSeries, kValues.substr(i));
    EXPECT_EQ(cut.History(), whole.History()) << "restart after " << i;
    EXPECT_EQ(cut.Alerts(), whole.Alerts());
    EXPECT_EQ(cut.sink.repetitions(), 0);
  }
}

TEST(LeveledTimelineTest, UnknownNeitherFiresNorResolves) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kDrift).ok());
  world.Ticks(kSeries, "77");
  for (int i = 0; i < 30; ++i) world.Tick();  // Far beyond the lookback.
  EXPECT_EQ(world.Query("drift"), "");
  EXPECT_EQ(world.Rule().alerts.size(), 1U);
  EXPECT_EQ(world.Rule().alerts.front().level, "critical") << "while samples are within the lookback the clock runs";
  world.Ticks(kSeries, "1111");
  EXPECT_EQ(world.Alerts(), "");
}

TEST(LeveledTimelineTest, EndsAsGoneWhenItsSeriesStayAway) {
  RuleWorld world;
  ASSERT_TRUE(world
                  .Load(R"(
groups:
- name: g
  rules: [{alert: A, expr: x, levels: [{severity: warning, above: 1}], forget_after: 10m}]
)")
                  .ok());
  world.Ticks("x", "2");
  for (int i = 0; i < 20; ++i) world.Tick();
  EXPECT_EQ(world.History(), "0 A inactive -> firing (fired)\n15 A firing -> inactive (gone)\n");
}

TEST(LeveledTimelineTest, FiresForWantOfDataAndMovesWhenTheyReturn) {
  RuleWorld world;
  ASSERT_TRUE(world
                  .Load(R"(
groups:
- name: g
  rules: [{alert: A, expr: x, levels: [{severity: info, above: 1}, {severity: page, above: 5}], on_no_data: fire}]
)")
                  .ok());
  world.Ticks("x", "0");
  world.Restart();
  for (int i = 0; i < 6; ++i) world.Tick();
  EXPECT_EQ(world.Alerts(), "{alertname=\"A\", no_data=\"true\", severity=\"info\"} firing active 5 fired 5 value 0\n")
      << "a healthy instance is remembered over a restart";
  world.Ticks("x", "7");
  EXPECT_EQ(world.Alerts(), "{alertname=\"A\", severity=\"page\"} firing active 5 fired 5 value 7\n");
  world.Ticks("x", "0");
  EXPECT_EQ(world.Alerts(), "");
}

TEST(LeveledTimelineTest, ResolvesForWantOfDataWhereTheRuleSaysSo) {
  RuleWorld world;
  ASSERT_TRUE(world
                  .Load(R"(
groups:
- name: g
  rules: [{alert: A, expr: x, levels: [{severity: info, above: 1}], on_no_data: resolve}]
)")
                  .ok());
  world.Ticks("x", "2");
  for (int i = 0; i < 5; ++i) world.Tick();
  EXPECT_EQ(world.Alerts(), "");
}

TEST(LeveledTimelineTest, AFailedQueryIsUnknownAndShowsAsHealth) {
  RuleWorld world;
  const std::string rules = R"(
groups:
- name: g
  rules: [{alert: A, expr: 'x * on(m) y', levels: [{severity: info, above: 1}], on_no_data: resolve}]
)";
  ASSERT_TRUE(world.Load(rules).ok());
  world.ToNextSlot();
  world.Send(R"(x{m="1"})", 2);
  world.Send(R"(y{m="1"})", 2);
  world.manager->RunDue();
  EXPECT_EQ(world.Rule().alerts.size(), 1U);
  world.ToNextSlot();
  world.Send(R"(x{m="1"})", 2);
  world.Send(R"(x{m="1",twice="yes"})", 2);
  world.manager->RunDue();
  EXPECT_EQ(world.Rule().health, rules::RuleHealth::kError);
  EXPECT_EQ(world.Rule().alerts.size(), 1U) << "what a failed query does not know is kept whatever on_no_data says";
  EXPECT_NE(world.Query("ALERTS"), "");
}

TEST(LeveledTimelineTest, ALevelAfterATimeStaysUntilTheAlertEnds) {
  RuleWorld world;
  ASSERT_TRUE(world
                  .Load(R"(
groups:
- name: g
  rules:
  - {alert: A, expr: x > 0, levels: [{severity: warning}, {severity: page, after: 3m}]}
)")
                  .ok());
  world.Ticks("x", "111");
  EXPECT_EQ(world.Rule().alerts.front().level, "warning");
  world.Ticks("x", "1");
  EXPECT_EQ(world.Rule().alerts.front().level, "page");
  world.Restart();
  world.Ticks("x", "1");
  EXPECT_EQ(world.Rule().alerts.front().level, "page");
  world.Ticks("x", "0");
  EXPECT_EQ(world.Alerts(), "");
}

TEST(LeveledTimelineTest, AComparisonIsFalseAndNotAbsentWhereItDoesNotHold) {
  RuleWorld world;
  ASSERT_TRUE(world
                  .Load(R"(
groups:
- name: g
  rules: [{alert: A, expr: x > 1, levels: [{severity: info}]}]
)")
                  .ok());
  world.Ticks("x", "21");
  EXPECT_EQ(world.Alerts(), "") << "1 > 1 is false, so the alert resolves";
  world.Ticks("x", "2");
  for (int i = 0; i < 10; ++i) world.Tick();
  EXPECT_EQ(world.Rule().alerts.size(), 1U) << "without a sample it is unknown, so it does not";
}

TEST(LeveledTimelineTest, OverridesGiveOneModelOtherBounds) {
  RuleWorld world;
  ASSERT_TRUE(world
                  .Load(R"(
groups:
- name: g
  rules:
  - alert: A
    expr: x
    levels: [{severity: info, above: 1}, {severity: page, above: 5}]
    overrides:
    - {match: {model: fraud}, levels: [{severity: page, above: 3}]}
    - {match: {model: fraud, region: eu}, levels: [{severity: page, above: 8}]}
)")
                  .ok());
  world.ToNextSlot();
  world.Send(R"(x{model="fraud"})", 4);
  world.Send(R"(x{model="fraud",region="eu"})", 6);
  world.Send(R"(x{model="other"})", 4);
  world.manager->RunDue();
  EXPECT_EQ(world.Query("max by (model, region, severity) (ALERTS)"),
            "{model=\"fraud\", region=\"eu\", severity=\"info\"} 1\n"
            "{model=\"fraud\", severity=\"page\"} 1\n"
            "{model=\"other\", severity=\"info\"} 1\n");
}

TEST(LeveledTimelineTest, AReloadMayChangeLevelsUnderAFiringAlert) {
  RuleWorld world;
  const auto rules = [](const std::string& levels) {
    return "groups: [{name: g, rules: [{alert: A, expr: x, levels: [" + levels + "]}]}]";
  };
  ASSERT_TRUE(world.Load(rules("{severity: info, above: 1}, {severity: page, above: 5}")).ok());
  world.Ticks("x", "7");
  ASSERT_TRUE(world.Load(rules("{severity: info, above: 1}, {severity: critical, above: 5, for: 1m}")).ok());
  world.Ticks("x", "7");
  EXPECT_EQ(world.Rule().alerts.front().level, "critical")
      << "from a level that is gone it comes down to any that holds";
  EXPECT_EQ(world.MinutesOf(*world.Rule().alerts.front().fired_at), 0);
}

}  // namespace
}  // namespace bellwether::timeline
