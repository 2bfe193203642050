#include "server/commands/test_surroundings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "rules/unit_tests.h"

namespace bellwether::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kRules = R"(
groups:
- name: g
  rules:
  - {alert: PipelineDown, expr: up == 0, labels: {severity: error}}
  - {alert: ModelDegraded, expr: accuracy < 0.8, labels: {severity: warning}}
  - alert: Composite
    match_on: [model]
    signals: {bad: {expr: accuracy < 0.8}, cause: {alert: PipelineDown, through: topology}}
    when: bad and cause
)";

constexpr std::string_view kHead = R"(rule_files: [rules.yml]
topology: {components: [{kind: pipeline, name: fs}, {kind: model, name: fraud, depends_on: [fs]}]}
tests:
- input_series:
  - {series: 'up{pipeline="fs"}', values: 0x5}
  - {series: 'accuracy{model="fraud"}', values: 0.5x5}
)";

class TestSurroundingsTest : public testing::Test {
 protected:
  TestSurroundingsTest() : folder_(testing::TempDir() + "bellwether-test-surroundings") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ + "/rules.yml") << kRules;
  }
  ~TestSurroundingsTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] rules::RuleTestReport Run(const std::string& text) const {
    std::ofstream(folder_ + "/tests.yml") << text;
    SurroundingsMaker surroundings;
    rules::RuleTestOptions options;
    options.surroundings = &surroundings;
    return rules::RunRuleTests(folder_ + "/tests.yml", options);
  }

  [[nodiscard]] std::vector<std::string> Failures(const std::string& tests) const {
    const rules::RuleTestReport report = Run(std::string(kHead) + tests);
    EXPECT_THAT(report.faults, IsEmpty());
    return report.tests.at(0).failures;
  }

  const std::string folder_;
};

TEST_F(TestSurroundingsTest, AlertsAreSuppressedAndSignalsFollowTheTopology) {
  EXPECT_THAT(Failures(R"(
  suppression_test:
  - eval_time: 3m
    alertname: ModelDegraded
    exp_suppressed: [{exp_labels: {model: fraud, severity: warning}, by: [PipelineDown]}]
    exp_held: []
    exp_told: []
  - {eval_time: 3m, alertname: PipelineDown, exp_told: [{exp_labels: {pipeline: fs, severity: error}}]}
  alert_rule_test:
  - {eval_time: 3m, alertname: Composite, exp_alerts: [{exp_labels: {model: fraud}}]}
)"),
              IsEmpty());
}

TEST_F(TestSurroundingsTest, SaysWhatIsNotAsExpected) {
  EXPECT_THAT(
      Failures(R"(
  suppression_test:
  - eval_time: 3m
    alertname: ModelDegraded
    exp_suppressed: [{exp_labels: {model: fraud, severity: warning}, by: [NobodyElse]}]
    exp_told: [{exp_labels: {model: churn, severity: warning}}]
)"),
      ElementsAre("    alertname: ModelDegraded, time: 3m, suppressed:\n"
                  "        exp: [{alertname=\"ModelDegraded\", model=\"fraud\", severity=\"warning\"} by NobodyElse]\n"
                  "        got: [{alertname=\"ModelDegraded\", model=\"fraud\", severity=\"warning\"} by PipelineDown]",
                  "    alertname: ModelDegraded, time: 3m, told:\n"
                  "        exp: [{alertname=\"ModelDegraded\", model=\"churn\", severity=\"warning\"}]\n"
                  "        got: []"));
}

TEST_F(TestSurroundingsTest, NamesFaultsOfTheTopology) {
  const rules::RuleTestReport report =
      Run("rule_files: [rules.yml]\n"
          "topology: {components: [{kind: model, name: a, depends_on: [b]}], suppression: {hops: -1}}\n"
          "tests: [{}]\n");
  EXPECT_THAT(report.faults, ElementsAre(folder_ + "/tests.yml: 2:61: there is no component \"b\"\n" + folder_ +
                                         "/tests.yml: 2:87: hops must be from 0 to 10"));
}

}  // namespace
}  // namespace bellwether::server
