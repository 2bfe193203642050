// What a restart, a reload, a crash or a failing neighbour does to alerts: nothing that a user would notice.
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/timeline/rule_world.h"

namespace bellwether::timeline {
namespace {

constexpr std::string_view kHeld = R"(
groups:
- name: g
  rules:
  - {alert: A, expr: up == 0, for: 2m, keep_firing_for: 2m, annotations: {v: '{{ $value }}'}}
)";

TEST(RestartTest, AFiringAlertGoesOnWithItsStart) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kHeld).ok());
  world.Ticks("up", "0000");
  EXPECT_EQ(world.NewUpdates(), "firing A@2 from 2 to 6\n");
  const std::string before = world.Alerts();
  world.Restart();
  EXPECT_EQ(world.Alerts(), before);
  EXPECT_EQ(world.NewUpdates(), "") << "nothing is told twice";
  world.Ticks("up", "0");
  EXPECT_EQ(world.Alerts(), before);
  EXPECT_EQ(world.NewUpdates(), "firing A@4 from 2 to 8\n") << "the delay since it was last told goes on";
  EXPECT_EQ(world.History(), "0 A inactive -> pending (became pending)\n2 A pending -> firing (fired)\n");
}

TEST(RestartTest, APendingAlertGoesOnWithItsStart) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kHeld).ok());
  world.Ticks("up", "00");
  world.Restart();
  world.Ticks("up", "0");
  EXPECT_EQ(world.Alerts(), "{alertname=\"A\"} firing active 0 fired 2 value 0\n");
}

TEST(RestartTest, APendingAlertStartsAnewAfterALongPause) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kHeld).ok());
  world.Ticks("up", "00");
  world.clock.Advance(base::Minutes(61));
  world.Restart();
  world.Ticks("up", "0");
  EXPECT_EQ(world.Alerts(), "{alertname=\"A\"} pending active 63 value 0\n");
  EXPECT_EQ(world.History(),
            "0 A inactive -> pending (became pending)\n63 A pending -> inactive (paused for too long)\n"
            "63 A inactive -> pending (became pending)\n");
}

TEST(RestartTest, AFiringAlertOutlivesALongPause) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kHeld).ok());
  world.Ticks("up", "000");
  world.clock.Advance(base::Days(2));
  world.Restart();
  world.Ticks("up", "0");
  EXPECT_EQ(world.Alerts(), "{alertname=\"A\"} firing active 0 fired 2 value 0\n");
}

TEST(RestartTest, LingeringGoesOn) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kHeld).ok());
  world.Ticks("up", "0001");
  EXPECT_EQ(world.Alerts(), "{alertname=\"A\"} firing active 0 fired 2 kept since 3 value 0\n");
  world.Restart();
  EXPECT_EQ(world.Rule().alerts.at(0).annotations.at("v"), "0");
  world.Ticks("up", "11");
  EXPECT_EQ(world.Alerts(), "");
}

TEST(RestartTest, AnAlertThatEndedMeanwhileIsResolvedAndItsSeriesEnd) {
  RuleWorld world;
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]").ok());
  world.Ticks("up", "0");
  EXPECT_EQ(world.NewUpdates(), "firing A@0 from 0 to 4\n");
  world.Restart();
  world.Ticks("up", "1");
  EXPECT_EQ(world.NewUpdates(), "resolved A@1 from 0 to 1\n");
  EXPECT_EQ(world.Query("ALERTS"), "");
}

TEST(RestartTest, ARuleThatWentMeanwhileIsResolved) {
  RuleWorld world;
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{alert: A, expr: up == 0}, {alert: B, expr: up == 0}]}]").ok());
  world.Ticks("up", "0");
  EXPECT_EQ(world.NewUpdates(), "firing A@0 from 0 to 4\nfiring B@0 from 0 to 4\n");
  world.manager.reset();
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{alert: B, expr: up == 0}]}]").ok());
  EXPECT_EQ(world.NewUpdates(), "resolved A@0 from 0 to 0\n");
  EXPECT_EQ(world.Alerts(), "{alertname=\"B\"} firing active 0 fired 0 value 0\n");
  world.Ticks("up", "00");
  EXPECT_EQ(world.Query("ALERTS"), "ALERTS{alertname=\"B\", alertstate=\"firing\"} 1\n");
}

TEST(RestartTest, ReadsPrometheussSeriesWhereTheStoreKnowsNothing) {
  RuleWorld world;
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{alert: A, expr: up == 0, for: 30m, labels: {x: y}}]}]").ok());
  world.ToNextSlot();
  world.Send(R"(ALERTS_FOR_STATE{alertname="A", x="y"})", std::floor(world.clock.Now().seconds()) - 18 * 60);
  world.Send(R"(ALERTS_FOR_STATE{alertname="A", x="z"})", 1);
  world.Tick("up", 0);
  // Twelve of thirty minutes were left when the sample was written a minute ago; they are still.
  ASSERT_EQ(world.Rule().alerts.size(), 1U);
  EXPECT_EQ(world.Rule().state, rules::AlertState::kPending);
  EXPECT_NEAR(world.MinutesOf(world.Rule().alerts[0].active_at), 1 - 18, 1.0 / 60) << "whole seconds in the series";
  world.Restart();
  EXPECT_NEAR(world.MinutesOf(world.Rule().alerts[0].active_at), 1 - 18, 1.0 / 60) << "the store knows it now";
}

TEST(RestartTest, AFailingSinkLosesNothing) {
  RuleWorld world;
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]").ok());
  world.sink.SetFailing(true);
  world.Ticks("up", "0001");
  EXPECT_EQ(world.NewUpdates(), "");
  world.Restart();
  world.sink.SetFailing(false);
  world.Ticks("up", "1");
  EXPECT_EQ(world.NewUpdates(), "firing A@2 from 0 to 6\nresolved A@3 from 0 to 3\n")
      << "the repetition of what was owed took its place";
}

TEST(RestartTest, ACrashBetweenTakingAndForgettingTellsNothingTwice) {
  RuleWorld world;
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]").ok());
  world.state.FailOn("rules/taken");
  world.Ticks("up", "0");
  EXPECT_EQ(world.NewUpdates(), "firing A@0 from 0 to 4\n");
  world.state.Heal();
  world.Restart();
  EXPECT_EQ(world.sink.repetitions(), 1) << "given again, and ignored by its number";
  world.Ticks("up", "01");
  EXPECT_EQ(world.NewUpdates(), "resolved A@2 from 0 to 2\n");
}

TEST(RestartTest, WhatWasNotWrittenIsNotToldAndIsWrittenLater) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kHeld).ok());
  world.Ticks("up", "00");
  world.state.FailEverything();
  world.Ticks("up", "00");
  EXPECT_EQ(world.NewUpdates(), "") << "nothing is told before it is written";
  EXPECT_EQ(world.Alerts(), "{alertname=\"A\"} firing active 0 fired 2 value 0\n") << "but it is seen";
  world.state.Heal();
  world.Ticks("up", "0");
  EXPECT_EQ(world.NewUpdates(), "firing A@4 from 2 to 8\n") << "with the time at which it fired";
  const std::string before = world.Alerts();
  world.Restart();
  EXPECT_EQ(world.Alerts(), before);
  EXPECT_EQ(world.History(), "0 A inactive -> pending (became pending)\n2 A pending -> firing (fired)\n");
}

TEST(ReloadTest, KeepsGroupsThatDidNotChange) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kHeld).ok());
  world.Ticks("up", "00");
  ASSERT_TRUE(world.Load(std::string(kHeld) + "- {name: h, rules: [{record: r, expr: up}]}\n").ok());
  EXPECT_EQ(world.Alerts(), "{alertname=\"A\"} pending active 0 value 0\n");
  world.Ticks("up", "0");
  EXPECT_EQ(world.Alerts(), "{alertname=\"A\"} firing active 0 fired 2 value 0\n");
}

TEST(ReloadTest, KeepsAlertsOfRulesWithTheSameNameAndLabels) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kHeld).ok());
  world.Ticks("up", "000");
  EXPECT_EQ(world.NewUpdates(), "firing A@2 from 2 to 6\n");
  ASSERT_TRUE(
      world.Load("groups: [{name: g, rules: [{record: r, expr: up}, {alert: A, expr: up < 1, for: 1m}]}]").ok());
  world.Ticks("up", "0");
  EXPECT_EQ(world.Alerts(1), "{alertname=\"A\"} firing active 0 fired 2 value 0\n");
  EXPECT_EQ(world.NewUpdates(), "");
}

TEST(ReloadTest, ARaisedHoldTakesFiringBack) {
  RuleWorld world;
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{alert: A, expr: up == 0, for: 1m}]}]").ok());
  world.Ticks("up", "00");
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{alert: A, expr: up == 0, for: 5m}]}]").ok());
  world.Ticks("up", "0");
  EXPECT_EQ(world.Alerts(), "{alertname=\"A\"} pending active 0 value 0\n");
  world.Ticks("up", "000");
  EXPECT_EQ(world.Alerts(), "{alertname=\"A\"} firing active 0 fired 5 value 0\n");
}

TEST(ReloadTest, EndsTheAlertsAndSeriesOfRulesThatAreGone) {
  RuleWorld world;
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{alert: A, expr: up == 0}, {record: r, expr: up}]}]").ok());
  world.Ticks("up", "0");
  EXPECT_EQ(world.NewUpdates(), "firing A@0 from 0 to 4\n");
  world.clock.Advance(base::Seconds(30));
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{record: s, expr: up}]}]").ok());
  EXPECT_EQ(world.NewUpdates(), "resolved A@0.5 from 0 to 0.5\n");
  world.Ticks("up", "000");
  EXPECT_EQ(world.Query("ALERTS or r"), "") << "two intervals later";
  EXPECT_EQ(world.Query("s"), "s 0\n");
  EXPECT_EQ(world.History(), "0 A inactive -> firing (fired)\n0.5 A firing -> inactive (rule removed)\n");
  world.Restart();
  EXPECT_EQ(world.NewUpdates(), "");
}

TEST(ReloadTest, ARuleThatMovesLeavesNoGapInItsSeries) {
  RuleWorld world;
  ASSERT_TRUE(
      world.Load("groups: [{name: g, rules: [{record: s, expr: up}]}, {name: h, rules: [{record: r, expr: up}]}]")
          .ok());
  for (int i = 0; i < 3; ++i) {
    world.Tick("up", 1);
    world.clock.Advance(base::Seconds(59));
    world.manager->RunDue();
  }
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{record: s, expr: up}, {record: r, expr: up}]}]").ok());
  EXPECT_EQ(world.Query("r"), "r 1\n");
  world.Ticks("up", "1111");
  EXPECT_EQ(world.Query("r"), "r 1\n");
}

TEST(ReloadTest, ABadFileChangesNothing) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kHeld).ok());
  world.Ticks("up", "00");
  const base::Status loaded = world.Load("groups: [{name: g, rules: [{alert: A}, {record: b, expr: 'x('}]}]");
  EXPECT_EQ(loaded.code(), base::StatusCode::kInvalidArgument);
  EXPECT_NE(loaded.message().find("field 'expr' must be set in rule\n"), std::string::npos) << loaded.message();
  EXPECT_NE(loaded.message().find("could not parse expression"), std::string::npos);
  world.Ticks("up", "0");
  EXPECT_EQ(world.Alerts(), "{alertname=\"A\"} firing active 0 fired 2 value 0\n");
}

TEST(ReloadTest, AFailingStateStoreChangesNothing) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kHeld).ok());
  world.Ticks("up", "000");
  world.state.FailEverything();
  EXPECT_FALSE(world.Load("groups: []").ok());
  world.state.Heal();
  world.Ticks("up", "0");
  EXPECT_EQ(world.Alerts(), "{alertname=\"A\"} firing active 0 fired 2 value 0\n");
}

// The same conditions in two worlds, one of which is restarted, whose sink fails and whose batches fail at random:
// their alerts are equal at every slot at which the store works, and each firing and its end are told.
TEST(RestartTest, RandomMishapsLeaveNoTrace) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  RuleWorld calm;
  RuleWorld rough;
  ASSERT_TRUE(calm.Load(kHeld).ok());
  ASSERT_TRUE(rough.Load(kHeld).ok());
  rough.clock.Set(calm.clock.Now());
  // The files stand in different folders, but the slot depends on the base name alone.
  ASSERT_EQ(calm.Group().slot_offset, rough.Group().slot_offset);
  std::string conditions;
  for (int slot = 0; slot < 300; ++slot) {
    const std::string digit = random() % 3 == 0 ? "1" : "0";
    conditions += digit;
    const bool store_fails = random() % 10 == 0;
    if (store_fails) rough.state.FailEverything();
    rough.sink.SetFailing(random() % 3 == 0);
    calm.Ticks("up", digit);
    rough.Ticks("up", digit);
    rough.state.Heal();
    EXPECT_EQ(calm.Alerts(), rough.Alerts()) << conditions;
    if (!store_fails && random() % 4 == 0) {
      rough.Restart();
      EXPECT_EQ(calm.Alerts(), rough.Alerts()) << conditions;
    }
  }
  rough.sink.SetFailing(false);
  calm.Ticks("up", "111");
  rough.Ticks("up", "111");
  EXPECT_EQ(calm.History(), rough.History());
  const auto spells = [](RuleWorld& world) {
    std::string text;
    std::string last;
    for (const metric::AlertUpdate& update : world.sink.All()) {
      const std::string spell =
          (update.phase == metric::AlertPhase::kFiring ? "firing " : "resolved ") +
          std::to_string(world.MinutesOf(update.starts_at)) +
          (update.phase == metric::AlertPhase::kFiring ? "" : " " + std::to_string(world.MinutesOf(update.ends_at))) +
          "\n";
      if (spell != last) text += spell;
      last = spell;
    }
    return text;
  };
  EXPECT_EQ(spells(calm), spells(rough)) << conditions;
}

}  // namespace
}  // namespace bellwether::timeline
