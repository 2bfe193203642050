#include "rules/rule_lint.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RuleLintTest : public ::testing::Test {
 protected:
  RuleLintTest() { std::filesystem::create_directories(folder_); }
  ~RuleLintTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }

  // "Rule lint: text" for each finding of the rules of one group.
  std::vector<std::string> Findings(const std::string& rules, const std::string& group = "interval: 30s") const {
    const auto findings = FindRuleFindings(
        Write("rules.yml", "groups:\n- {name: g, " + group + ", rules: [" + rules + "]}\n"), {}, base::Minutes(1));
    EXPECT_TRUE(findings.ok()) << findings.status().message();
    std::vector<std::string> out;
    for (const RuleFinding& finding : *findings) out.push_back(finding.rule + " " + finding.lint + ": " + finding.text);
    return out;
  }

  const std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) / "rule_lint_test";
};

// What an alert needs besides its expression.
constexpr const char* kComplete = ", labels: {team: ml}, annotations: {runbook_url: 'https://runbooks.example/a'}}";

TEST_F(RuleLintTest, AnAlertHasARunbookAndAnOwner) {
  EXPECT_THAT(Findings("{alert: A, expr: up == 0}"),
              ElementsAre("A missing-runbook: no annotation runbook_url says what to do",
                          "A missing-owner: no label team or owner says whose it is"));
  EXPECT_THAT(Findings(std::string("{alert: A, expr: up == 0") + kComplete), IsEmpty());
  EXPECT_THAT(Findings("{alert: A, expr: up == 0, annotations: {runbook_url: x}}", "labels: {owner: ml}"), IsEmpty());
  EXPECT_THAT(Findings("{record: 'a:b', expr: up}"), IsEmpty()) << "nobody is called by a recorded series";
}

TEST_F(RuleLintTest, SignalsClearsAndOverridesAreReadAsWell) {
  const std::string rest = ", labels: {team: ml}, annotations: {runbook_url: x}}";
  EXPECT_THAT(
      Findings("{alert: A, match_on: [model], signals: {a: {expr: 'rate(ml_accuracy[5m]) > 1'}}, when: a" + rest),
      ElementsAre(HasSubstr("A gauge-rate: rate over ml_accuracy")));
  EXPECT_THAT(
      Findings("{alert: A, expr: ml_drift, levels: [{severity: warning, above: 1, clear: 'rate(a_total[10s]) > 0'}]" +
               rest),
      ElementsAre(HasSubstr("A short-window: the range 10s of a_total")));
  EXPECT_THAT(Findings("{alert: A, match_on: [model], signals: {a: {expr: 'rate(ml_accuracy[5m]) > 1'}}, when: a, "
                       "overrides: [{match: {model: m}, signals: {a: {expr: 'rate(ml_accuracy[5m]) > 2'}}}]" +
                       rest),
              ElementsAre(HasSubstr("A gauge-rate: rate over ml_accuracy")))
      << "once";
}

TEST_F(RuleLintTest, TheHighestLevelRanksAFinding) {
  const std::string path = Write("levels.yml",
                                 "groups: [{name: g, rules: [{alert: A, expr: ml_drift, levels: "
                                 "[{severity: warning, above: 1}, {severity: page, above: 2}]}]}]");
  const auto findings = FindRuleFindings(path, {}, base::Minutes(1));
  ASSERT_TRUE(findings.ok()) << findings.status().message();
  ASSERT_FALSE(findings->empty());
  EXPECT_EQ(findings->front().severity, "page");
}

TEST_F(RuleLintTest, RatesAreOverCounters) {
  const std::string gauge =
      "A gauge-rate: rate over ml_accuracy, which by its name is no counter; "
      "for a gauge there are delta and deriv";
  EXPECT_THAT(Findings(std::string("{alert: A, expr: 'sum(rate((ml_accuracy[5m]))) > 1'") + kComplete),
              ElementsAre(gauge));
  for (const char* expr :
       {"rate(ml_requests_total[5m])", "increase(ml_latency_bucket[5m])", "rate(ml_latency_seconds[5m])",
        "delta(ml_accuracy[5m])", "rate(job:requests:sum[5m])", "rate({job=\"a\"}[5m])",
        "max_over_time(ml_accuracy[5m])", "rate(sum(ml_accuracy)[5m:1m])"}) {
    EXPECT_THAT(Findings(std::string("{alert: A, expr: '") + expr + " > 1'" + kComplete), IsEmpty()) << expr;
  }
}

TEST_F(RuleLintTest, DistributionsAreOfCounts) {
  EXPECT_THAT(
      Findings(std::string("{alert: A, expr: 'psi(sum by (le) (rate(x_bucket[5m])), y_bucket) > 1'") + kComplete),
      ElementsAre("A rated-counts: psi of a rate, which has lost how many samples there were; increase keeps it"));
  for (const char* expr : {"psi(increase(x_bucket[5m]), y_bucket)", "parity_ratio(rate(x_total[5m]), \"region\")",
                           "accuracy_from(rate(x_total[5m]), \"predicted\", \"actual\")"}) {
    EXPECT_THAT(Findings(std::string("{alert: A, expr: '") + expr + " > 1'" + kComplete), IsEmpty()) << expr;
  }
}

TEST_F(RuleLintTest, RangesSpanTwoIntervals) {
  const std::string rule = std::string("{alert: A, expr: 'rate(x_total[59s]) > 1'") + kComplete;
  EXPECT_THAT(Findings(rule), ElementsAre("A short-window: the range 59s of x_total is shorter than twice the interval "
                                          "of the group, 30s"));
  EXPECT_THAT(Findings(rule, "interval: 29s"), IsEmpty());
  EXPECT_THAT(Findings(std::string("{alert: A, expr: 'rate(x_total[2m]) > 1'") + kComplete, "interval: 0s"), IsEmpty())
      << "the default interval";
}

TEST_F(RuleLintTest, NamesFollowTheStandard) {
  EXPECT_THAT(Findings("{record: my_sum, expr: up, labels: {myTeam: a}}"),
              ElementsAre("my_sum naming: the name of a recorded series should be level:metric:operations",
                          "my_sum naming: the name of the label myTeam should be snake_case"));
  EXPECT_THAT(Findings(std::string("{alert: accuracy_low, expr: up") + kComplete),
              ElementsAre("accuracy_low naming: the name of an alert should be CamelCase"));
}

TEST_F(RuleLintTest, AFileWithFaultsIsNoMatterOfAdvice) {
  EXPECT_THAT(
      FindRuleFindings(Write("bad.yml", "groups: [{name: g, rule: []}]"), {}, base::Minutes(1)).status().message(),
      HasSubstr("did you mean 'rules'?"));
}

TEST_F(RuleLintTest, FindingsAreAcceptedForAWhileAndRankedBySeverity) {
  const RuleFinding info{.group = "g", .rule = "A", .severity = "info", .lint = "missing-runbook", .text = "t"};
  const RuleFinding page{.group = "g", .rule = "B", .severity = "page", .lint = "missing-owner", .text = "t"};
  const RuleFinding none{.group = "g", .rule = "C", .severity = "", .lint = "missing-owner", .text = "t"};
  const std::vector<std::string> ranks = {"info", "page"};
  const base::TimestampMs now(1'800'000'000'000);
  EXPECT_THAT(OpenFindings({none, info, page}, {}, now, ranks), ElementsAre(page, info, none));
  const std::vector<AcceptedFinding> accepted = {
      {.lint = "missing-owner", .rule = "", .until = now + base::Days(1), .reason = "r"},
      {.lint = "missing-runbook", .rule = "B", .until = now + base::Days(1), .reason = "r"}};
  EXPECT_THAT(OpenFindings({none, info, page}, {}, now, {}), ElementsAre(page, info, none)) << "ours";
  EXPECT_THAT(OpenFindings({none, info, page}, {}, now, {"page", "info"}), ElementsAre(info, page, none));
  EXPECT_THAT(OpenFindings({none, info, page}, accepted, now, ranks), ElementsAre(info));
  EXPECT_EQ(OpenFindings({none, info, page}, accepted, now + base::Days(1), ranks).size(), 3U) << "their time is over";
}

TEST_F(RuleLintTest, ReadsWhatIsAccepted) {
  const auto accepted = ReadAcceptedFindings(
      Write("accepted.yml", "- {lint: naming, rule: A, until: 2027-01-15, reason: renamed with the next release}\n"));
  ASSERT_TRUE(accepted.ok()) << accepted.status().message();
  ASSERT_EQ(accepted->size(), 1U);
  EXPECT_EQ(accepted->front().rule, "A");
  EXPECT_EQ(accepted->front().until, base::TimestampMs(1'799'971'200'000));
  const auto bad = ReadAcceptedFindings(Write("bad.yml", "- {lint: nameing, until: soon}\n"));
  EXPECT_THAT(bad.status().message(), HasSubstr("1:10: there is no lint \"nameing\", did you mean \"naming\"?"));
  EXPECT_THAT(bad.status().message(), HasSubstr("must have a reason"));
  EXPECT_THAT(bad.status().message(), HasSubstr("1:26: an accepted finding must have an end"));
}

}  // namespace
}  // namespace bellwether::rules
