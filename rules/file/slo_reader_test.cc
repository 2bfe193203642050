#include "rules/file/slo_reader.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

RuleFile ReadObjective(std::string_view keys) {
  return ReadRuleText(
      "f.yml", "groups: [{name: g, labels: {team: ml}, rules: [{slo: Scoring, " + std::string(keys) + "}]}]", {});
}

constexpr std::string_view kExpressions =
    R"(good: 'sum by (model) (rate(ok[$window]))', total: 'sum by (model) (rate(all[$window]))')";

std::string OnlyFault(std::string_view keys) {
  const RuleFile file = ReadObjective(keys);
  EXPECT_EQ(file.faults.size(), 1U);
  return file.faults.empty() ? "" : file.faults.front();
}

TEST(SloReaderTest, WritesAnObjectiveOutAsRules) {
  const RuleFile file = ReadObjective("objective: 99.5, labels: {tier: one}, " + std::string(kExpressions));
  ASSERT_THAT(file.faults, IsEmpty());
  ASSERT_THAT(file.warnings, IsEmpty());
  EXPECT_EQ(file.RuleCount(), 1U) << "as written";
  std::vector<std::string> names;
  for (const RuleSpec& rule : file.groups[0].rules) {
    names.push_back(rule.name);
    EXPECT_EQ(rule.labels.at("team"), "ml");
  }
  EXPECT_THAT(names, ElementsAre("slo:good:point", "slo:total:point", "slo:burn_rate:5m", "slo:burn_rate:30m",
                                 "slo:burn_rate:1h", "slo:events:1h", "slo:burn_rate:2h", "slo:burn_rate:6h",
                                 "slo:events:6h", "slo:burn_rate:1d", "slo:events:1d", "slo:burn_rate:3d",
                                 "slo:events:3d", "slo:error_budget_remaining:ratio", "Scoring"));
  const std::vector<RuleSpec>& rules = file.groups[0].rules;
  EXPECT_EQ(rules[0].query, "(sum by (model) (rate(ok[5m]))) or (sum by (model) (rate(all[5m]))) * 0");
  EXPECT_EQ(rules[4].query,
            "(1 - sum_over_time(slo:good:point{slo=\"Scoring\"}[1h]) / "
            "sum_over_time(slo:total:point{slo=\"Scoring\"}[1h])) / "
            "0.005 and count_over_time(slo:total:point{slo=\"Scoring\"}[30m] offset 30m)");
  EXPECT_THAT(rules[5].query, HasSubstr("avg_over_time(slo:total:point{slo=\"Scoring\"}[1h]) * 3600"));
  const RuleSpec& alert = rules.back();
  EXPECT_EQ(alert.query, "ALERTS{alertname=\"Scoring\"}");
  EXPECT_EQ(alert.labels.at("tier"), "one");
  EXPECT_THAT(alert.conditions->match_on, ElementsAre("model", "slo"));
  ASSERT_EQ(alert.conditions->levels.size(), 2U);
  EXPECT_EQ(alert.conditions->levels[0].rule.severity, "warning");
  EXPECT_EQ(alert.conditions->levels[0].when_text, "long_1d and short_2h or long_3d and short_6h");
  EXPECT_EQ(alert.conditions->levels[1].when_text, "long_1h and short_5m or long_6h and short_30m");
  EXPECT_THAT(alert.conditions->signals[4].expr->query, HasSubstr("> 14.4"));
}

TEST(SloReaderTest, ScalesRatesToThePeriodAndTakesLevelsOfOnesOwn) {
  const RuleFile scaled = ReadObjective("objective: 99, period: 15d, " + std::string(kExpressions));
  ASSERT_THAT(scaled.faults, IsEmpty());
  EXPECT_THAT(scaled.groups[0].rules.back().conditions->signals[4].expr->query, HasSubstr("> 7.2"));
  const RuleFile own = ReadObjective(
      "objective: 99, min_events: 0, levels: [{severity: page, for: 2m, burn: [{rate: 10, long: 2h, short: 10m}]}], " +
      std::string(kExpressions));
  ASSERT_THAT(own.faults, IsEmpty());
  const ConditionSpec& spec = *own.groups[0].rules.back().conditions;
  EXPECT_EQ(spec.levels[0].rule, (LevelRule{"page", base::Minutes(2)}));
  EXPECT_EQ(spec.signals[0].expr->query, "slo:burn_rate:2h{slo=\"Scoring\"} > 10");
  EXPECT_THAT(own.groups[0].rules[0].query, HasSubstr("[10m]")) << "[$window] is the shortest window";
}

TEST(SloReaderTest, SaysWhatIsWrong) {
  const std::string expressions(kExpressions);
  EXPECT_THAT(OnlyFault("objective: 100, " + expressions),
              HasSubstr("'objective' must be a percentage between 0 and 100"));
  EXPECT_THAT(OnlyFault("objective: 99, total: 'sum(rate(all[$window]))', good: 'sum(rate(ok[5m]))'"),
              HasSubstr("field 'good' must count over [$window]"));
  EXPECT_THAT(OnlyFault("objective: 99, total: 'sum(rate(all[$window]))', good: 'sum by (m) (rate(ok[$window]))'"),
              HasSubstr("'good' and 'total' must be aggregated by the same labels"));
  EXPECT_THAT(OnlyFault("objective: 99, total: 'rate(all[$window])', good: 'rate(ok[$window])'"),
              HasSubstr("'good' and 'total' must be aggregated by the same labels"));
  EXPECT_THAT(OnlyFault("objective: 99, alert: A, " + expressions),
              HasSubstr("only one of 'alert' and 'slo' must be set"));
  EXPECT_THAT(OnlyFault("objektive: 99, objective: 99, " + expressions), HasSubstr("did you mean 'objective'?"));
  EXPECT_THAT(OnlyFault("objective: 99, labels: {severity: page}, " + expressions),
              HasSubstr("label 'severity' stands beside 'levels'"));
  EXPECT_THAT(
      OnlyFault("objective: 99, levels: [{severity: page, burn: [{rate: 1, long: 5m, short: 1h}]}], " + expressions),
      HasSubstr("'long' must be longer than 'short'"));
}

TEST(SloReaderTest, WarnsOfRatesThatAreNeverReached) {
  const RuleFile file = ReadObjective("objective: 90, " + std::string(kExpressions));
  EXPECT_THAT(file.faults, IsEmpty());
  EXPECT_THAT(file.warnings,
              ElementsAre(HasSubstr("a burn rate of 14.4 is never reached: with everything failing it is 10")));
}

}  // namespace
}  // namespace bellwether::rules
