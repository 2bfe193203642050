// Objectives over time: burn rates from recorded points, levels, budget.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tests/timeline/rule_world.h"

namespace bellwether::timeline {
namespace {

constexpr std::string_view kObjective = R"(
groups:
- name: g
  rules:
  - slo: Scoring
    objective: 99
    good: 'sum by (model) (rate(requests_total{status="ok"}[$window]))'
    total: 'sum by (model) (rate(requests_total[$window]))'
)";

// With levels of its own.
std::string ObjectiveWith(std::string_view levels) {
  return std::string(kObjective) + "    levels: [" + std::string(levels) + "]\n";
}

// A model that answers `per_minute` requests and of these fails a share.
class Traffic {
 public:
  explicit Traffic(RuleWorld& world) : world_(world) {}

  void Minutes(int count, double failing, double per_minute = 600) {
    for (int i = 0; i < count; ++i) {
      world_.ToNextSlot();
      ok_ += per_minute * (1 - failing);
      failed_ += per_minute * failing;
      world_.Send(R"(requests_total{model="a",status="ok"})", ok_);
      world_.Send(R"(requests_total{model="a",status="error"})", failed_);
      world_.manager->RunDue();
    }
  }

 private:
  RuleWorld& world_;
  double ok_ = 0;
  double failed_ = 0;
};

// The level that the objective's alert fires at; "" for none.
std::string Level(const RuleWorld& world) {
  const rules::RuleSnapshot rule = world.Group().rules.back();
  for (const rules::AlertSnapshot& alert : rule.alerts) {
    if (alert.state == rules::AlertState::kFiring) return alert.level;
  }
  return "";
}

TEST(ObjectiveTimelineTest, AFastBurnIsCriticalAndEndsSoonAfterIt) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(ObjectiveWith("{severity: critical, burn: [{rate: 14.4, long: 1h, short: 5m}]}")).ok());
  Traffic traffic(world);
  traffic.Minutes(60, 0);
  EXPECT_EQ(Level(world), "");
  traffic.Minutes(8, 1);
  EXPECT_EQ(Level(world), "") << "an eighth of the hour at 100 times the budget is a burn rate below 14.4";
  traffic.Minutes(4, 1);
  EXPECT_EQ(Level(world), "critical");
  const rules::RuleSnapshot rule = world.Group().rules.back();
  EXPECT_EQ(rule.alerts.front().labels.ToString(),
            "{alertname=\"Scoring\", model=\"a\", severity=\"critical\", slo=\"Scoring\"}");
  EXPECT_GT(rule.alerts.front().value, 14.4) << "the burn rate";
  traffic.Minutes(6, 0);
  EXPECT_EQ(Level(world), "") << "the short window says that it is over";
}

TEST(ObjectiveTimelineTest, TooFewEventsJudgeNothing) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kObjective).ok());
  Traffic traffic(world);
  traffic.Minutes(60, 0, 1);
  traffic.Minutes(20, 1, 1);
  EXPECT_EQ(Level(world), "") << "60 requests an hour are fewer than 300";
}

TEST(ObjectiveTimelineTest, WithoutEnoughHistoryALevelIsUnknown) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kObjective).ok());
  Traffic traffic(world);
  traffic.Minutes(25, 1);
  EXPECT_EQ(Level(world), "") << "half an hour of the hour is not there";
  EXPECT_EQ(world.Query("slo:burn_rate:1h"), "");
  traffic.Minutes(10, 1);
  EXPECT_EQ(Level(world), "critical");
  EXPECT_EQ(world.Query("slo:burn_rate:6h"), "");
}

TEST(ObjectiveTimelineTest, RecordsWhatIsLeftOfTheBudget) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kObjective).ok());
  Traffic traffic(world);
  traffic.Minutes(101, 0.005);
  const std::string remaining = world.Query("round(slo:error_budget_remaining:ratio, 0.01)");
  EXPECT_EQ(remaining, "{model=\"a\", slo=\"Scoring\"} 0.5\n") << "half of 1 % failed";
}

TEST(ObjectiveTimelineTest, NothingGoodYetIsAllBad) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kObjective).ok());
  double failed = 0;
  for (int i = 0; i < 40; ++i) {
    failed += 600;
    world.Tick(R"(requests_total{model="b",status="error"})", failed);
  }
  EXPECT_EQ(Level(world), "critical") << "there is no series of status ok";
}

TEST(ObjectiveTimelineTest, WhatSlowerWindowsDoNotKnowYetKeepsALowerLevel) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(kObjective).ok());
  Traffic traffic(world);
  traffic.Minutes(200, 0);
  traffic.Minutes(12, 1);
  EXPECT_EQ(Level(world), "critical");
  traffic.Minutes(6, 0);
  EXPECT_EQ(Level(world), "warning")
      << "whether the windows of a day and longer burn is unknown, which does not resolve";
}

TEST(ObjectiveTimelineTest, LongWindowsAreSumsOfRecordedPoints) {
  RuleWorld world;
  ASSERT_TRUE(world.Load(ObjectiveWith("{severity: info, burn: [{rate: 1.5, long: 12h, short: 5m}]}")).ok());
  Traffic traffic(world);
  traffic.Minutes(12 * 60 + 1, 0.02);
  EXPECT_EQ(Level(world), "info") << "twice the budget";
  EXPECT_EQ(world.Query("round(slo:burn_rate:12h, 0.01)"), "{model=\"a\", slo=\"Scoring\"} 2\n");
  traffic.Minutes(4 * 60, 0);
  EXPECT_EQ(world.Query("round(slo:burn_rate:12h, 0.1)"), "{model=\"a\", slo=\"Scoring\"} 1.3\n");
  EXPECT_EQ(Level(world), "");
}

}  // namespace
}  // namespace bellwether::timeline
