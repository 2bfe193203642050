#include "rules/backtest/rule_reads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bellwether::rules {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class RuleReadsTest : public testing::Test {
 protected:
  ReplayPlan Plan(const std::string& groups) {
    file_ = ReadRuleText("r.yml", "groups:\n" + groups, {});
    EXPECT_THAT(file_.faults, IsEmpty());
    std::vector<ReplayGroup> list;
    for (const GroupSpec& group : file_.groups) list.push_back({"r.yml", &group, base::Minutes(1)});
    return PlanReplay(list, base::Minutes(5));
  }
  RuleFile file_;
};

TEST_F(RuleReadsTest, GroupsThatReadNothingOfOneAnotherAreApart) {
  const ReplayPlan plan = Plan(R"(
- {name: a, rules: [{record: 'a:x', expr: x}]}
- {name: b, rules: [{alert: B, expr: y > 1}]}
- {name: c, rules: [{alert: C, expr: 'rate(a:x[10m]) > 1'}]}
- {name: d, rules: [{alert: D, match_on: [job], signals: {b: {alert: B}, own: {expr: 'z > 0'}}, when: b and own}]}
- {name: e, rules: [{record: e, expr: '{job="x"}'}]}
)");
  EXPECT_THAT(plan.parts, UnorderedElementsAre(ElementsAre(0, 1, 2, 3, 4))) << "e may read whatever is recorded";
}

TEST_F(RuleReadsTest, OnlyWhatIsReadIsKept) {
  const ReplayPlan plan = Plan(R"(
- name: a
  rules: [{record: 'a:x', expr: x}, {record: 'a:y', expr: 'y'}, {alert: A, expr: 'max_over_time(a:x[1h] offset 10m) > 1'}]
- {name: b, rules: [{alert: B, expr: 'y > 1'}]}
- {name: c, rules: [{alert: C, expr: 'ALERTS{alertname="B"}'}]}
)");
  EXPECT_THAT(plan.parts, UnorderedElementsAre(ElementsAre(0), ElementsAre(1, 2)));
  EXPECT_THAT(plan.recorded, UnorderedElementsAre("a:x", "a:y", "ALERTS", "ALERTS_FOR_STATE"));
  EXPECT_THAT(plan.read_back, UnorderedElementsAre("a:x", "ALERTS"));
  EXPECT_EQ(plan.keep, base::Minutes(75));
  EXPECT_THAT(plan.metrics[0][2], ElementsAre("a:x", "x"));
}

TEST_F(RuleReadsTest, WhatMayReachAnywhereIsKeptToTheEnd) {
  EXPECT_FALSE(Plan("- {name: a, rules: [{record: r, expr: x}, {alert: A, expr: 'r @ 0 > 1'}]}").keep);
  EXPECT_FALSE(Plan(R"(
- {name: a, rules: [{record: r, expr: x}]}
- {name: b, rules: [{alert: A, expr: y, annotations: {s: '{{ query "r" }}'}}]}
)")
                   .keep);
}

TEST_F(RuleReadsTest, WarmsUpForWhatRulesRemember) {
  const auto warm_up = [&](const std::string& rules) { return Plan("- {name: a, rules: [" + rules + "]}").warm_up; };
  constexpr base::DurationMs kTick = base::Minutes(1);
  EXPECT_EQ(warm_up("{record: r, expr: 'rate(x[1d])'}"), kTick) << "history itself needs no warming up";
  EXPECT_EQ(warm_up("{alert: A, expr: x, for: 2h, keep_firing_for: 10m}"), base::Minutes(130) + kTick);
  EXPECT_EQ(warm_up("{record: r, expr: x}, {alert: A, expr: 'avg_over_time(r[1h])', for: 10m}"),
            base::Minutes(75) + kTick);
  EXPECT_EQ(warm_up("{alert: A, expr: x, levels: [{severity: info, above: 1, for: 5m}, {severity: page, after: 1h}]}"),
            base::Minutes(65) + kTick);
  EXPECT_EQ(warm_up("{alert: A, expr: 'ALERTS{alertname=\"B\"}', for: 1m}, {alert: B, expr: 'ALERTS{alertname=\"A\"}', "
                    "for: 2m}"),
            base::Minutes(14) + kTick)
      << "a circle is gone round once";
}

}  // namespace
}  // namespace bellwether::rules
