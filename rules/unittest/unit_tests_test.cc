#include "rules/unit_tests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace bellwether::rules {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kRules = R"(
groups:
  - name: models
    rules:
      - record: model:errors:ratio
        expr: errors / requests
      - alert: ModelFails
        expr: model:errors:ratio > 0.5
        for: 2m
        keep_firing_for: 1m
        labels: {severity: page}
        annotations: {summary: '{{ $labels.model }} fails at {{ $value }} in {{ $externalLabels.region }}'}
  - name: late
    rules:
      - record: never
        expr: absent_series > 0
)";

class UnitTestsTest : public testing::Test {
 protected:
  UnitTestsTest() : folder_(testing::TempDir() + "bellwether-unit-tests") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    Write("rules.yml", kRules);
  }
  ~UnitTestsTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, std::string_view text) const { std::ofstream(folder_ + "/" + name) << text; }

  RuleTestReport Run(const std::string& text, const RuleTestOptions& options = {}) const {
    Write("tests.yml", text);
    return RunRuleTests(folder_ + "/tests.yml", options);
  }

  // The failures of all tests.
  std::vector<std::string> Failures(const std::string& text, const RuleTestOptions& options = {}) const {
    const RuleTestReport report = Run(text, options);
    EXPECT_THAT(report.faults, IsEmpty());
    std::vector<std::string> failures;
    for (const RuleTestResult& test : report.tests) {
      failures.insert(failures.end(), test.failures.begin(), test.failures.end());
    }
    return failures;
  }

  const std::string folder_;
};

constexpr std::string_view kHead = R"(
rule_files: [rules.yml]
tests:
  - name: fraud
    external_labels: {region: eu}
    input_series:
      - {series: 'errors{model="fraud"}', values: '6 6 6 6 0 0 0'}
      - {series: 'requests{model="fraud"}', values: '10x10'}
)";

TEST_F(UnitTestsTest, FollowsAnAlertThroughItsLife) {
  EXPECT_THAT(Failures(std::string(kHead) + R"(
    alert_rule_test:
      - {eval_time: 1m, alertname: ModelFails, exp_alerts: []}
      - eval_time: 2m
        alertname: ModelFails
        exp_alerts:
          - exp_labels: {severity: page, model: fraud}
            exp_annotations: {summary: fraud fails at 0.6 in eu}
      - eval_time: 4m59s
        alertname: ModelFails
        exp_alerts:
          - exp_labels: {severity: page, model: fraud}
            exp_annotations: {summary: fraud fails at 0.6 in eu}
      - {eval_time: 5m, alertname: ModelFails}
      - {eval_time: 5m, alertname: NoSuchAlert}
    promql_expr_test:
      - {expr: 'model:errors:ratio', eval_time: 1m, exp_samples: [{labels: 'model:errors:ratio{model="fraud"}', value: 0.6}]}
      - {expr: 'ALERTS', eval_time: 1m, exp_samples: [{labels: 'ALERTS{alertname="ModelFails",alertstate="pending",model="fraud",severity="page"}', value: 1}]}
      - {expr: 'sum(errors) or vector(1)', eval_time: 0, exp_samples: [{value: 6}]}
      - {expr: 'time()', eval_time: 5m, exp_samples: [{value: 300}]}
)"),
              IsEmpty());
}

TEST_F(UnitTestsTest, SaysWhatWasExpectedAndWhatCame) {
  EXPECT_THAT(Failures(std::string(kHead) + R"(
    alert_rule_test:
      - {eval_time: 2m, alertname: ModelFails, exp_alerts: [{exp_labels: {severity: page, model: other}}]}
    promql_expr_test:
      - {expr: errors, eval_time: 1m, exp_samples: []}
)"),
              ElementsAre(R"(    name: fraud,
    alertname: ModelFails, time: 2m, 
        exp:[
            0:
              Labels:{alertname="ModelFails", model="other", severity="page"}
              Annotations:{}
            ], 
        got:[
            0:
              Labels:{alertname="ModelFails", model="fraud", severity="page"}
              Annotations:{summary="fraud fails at 0.6 in eu"}
            ])",
                          R"(    name: fraud,
    expr: "errors", time: 1m,
        exp: nil
        got: {__name__="errors", model="fraud"} 6E+00)"));
}

TEST_F(UnitTestsTest, ShowsDifferencesWhereAskedTo) {
  RuleTestOptions options;
  options.show_differences = true;
  EXPECT_THAT(Failures(std::string(kHead) + R"(
    promql_expr_test:
      - {expr: 'requests or errors', eval_time: 1m, exp_samples: [{labels: 'errors{model="fraud"}', value: 6}, {value: 3}]}
)",
                       options),
              ElementsAre(R"(    name: fraud,
    expr: "requests or errors", time: 1m,
        - {__name__="errors", model="fraud"} 6E+00
        + {__name__="requests", model="fraud"} 1E+01
        - {} 3E+00)"));
}

TEST_F(UnitTestsTest, ComparesExactlyOrToTheNextNumber) {
  const std::string test = R"(
tests:
  - input_series: [{series: x, values: '3.0000000000000004 3.0000000000000009'}]
    promql_expr_test:
      - {expr: x, eval_time: 0, exp_samples: [{labels: x, value: 3}]}
      - {expr: x, eval_time: 1m, exp_samples: [{labels: x, value: 3}]}
)";
  EXPECT_THAT(Failures(test), testing::SizeIs(2));
  EXPECT_THAT(Failures("fuzzy_compare: true\n" + test), ElementsAre(HasSubstr("3.000000000000001E+00")));
}

TEST_F(UnitTestsTest, ComparesHistogramsByTheirBuckets) {
  EXPECT_THAT(Failures(R"(
tests:
  - input_series: [{series: h, values: '{{schema:1 count:6 sum:2 offset:1 buckets:[1 0 2] n_buckets:[3]}}'}]
    promql_expr_test:
      - {expr: h, eval_time: 0, exp_samples: [{labels: h, histogram: '{{schema:1 count:6 sum:2 buckets:[0 1 0 2 0] n_buckets:[3]}}'}]}
      - {expr: h, eval_time: 0, exp_samples: [{labels: h, histogram: '{{schema:1 count:6 sum:2 buckets:[1 0 2] n_buckets:[3]}}'}]}
)"),
              ElementsAre(HasSubstr("got: {__name__=\"h\"} {{schema:1 count:6 sum:2 offset:1 buckets:[1 0 2] "
                                    "n_buckets:[3]}}")));
}

TEST_F(UnitTestsTest, InputComesAsItsTimeDoes) {
  Write("rules.yml", R"(
groups: [{name: g, rules: [{record: ahead, expr: 'x offset -1m'}, {record: seen, expr: 'count_over_time(x[10m])'}]}]
)");
  EXPECT_THAT(Failures(R"(
rule_files: [rules.yml]
evaluation_interval: 2m
tests:
  - interval: 1m
    start_timestamp: 2024-01-01T00:00:00Z
    input_series: [{series: x, values: '1+1x5'}]
    promql_expr_test:
      - {expr: ahead, eval_time: 4m, exp_samples: [{labels: ahead, value: 5}]}
      - {expr: seen, eval_time: 4m, exp_samples: [{labels: seen, value: 5}]}
      - {expr: timestamp(x), eval_time: 4m, exp_samples: [{value: 1704067440}]}
)"),
              IsEmpty());
}

TEST_F(UnitTestsTest, GroupsGoInTheOrderAskedFor) {
  Write("rules.yml", R"(
groups:
  - {name: a, rules: [{record: out, expr: in + 1}]}
  - {name: b, rules: [{record: in, expr: vector(1)}]}
)");
  const std::string test = R"(
rule_files: [rules.yml]
tests:
  - promql_expr_test: [{expr: out, eval_time: 0, exp_samples: [{labels: out, value: 2}]}]
)";
  EXPECT_THAT(Failures(test), testing::SizeIs(1));
  EXPECT_THAT(Failures("group_eval_order: [b, a]\n" + test), IsEmpty());
  EXPECT_THAT(Run("group_eval_order: [b, b]\n" + test).faults,
              ElementsAre(HasSubstr("group name repeated in evaluation order: b")));
}

TEST_F(UnitTestsTest, ARuleThatFailsEndsItsTest) {
  Write("rules.yml", "groups: [{name: g, rules: [{record: r, expr: 'a + on() b'}]}]\n");
  EXPECT_THAT(Failures(R"(
rule_files: [rules.yml]
tests:
  - input_series: [{series: a, values: 1}, {series: 'b{x="1"}', values: _ 1}, {series: 'b{x="2"}', values: _ 1}]
    promql_expr_test: [{expr: a, eval_time: 5m, exp_samples: [{labels: a, value: 2}]}]
)"),
              ElementsAre(AllOf(HasSubstr("    rule: r, time: 1m, err: "), HasSubstr("duplicate series"))));
}

TEST_F(UnitTestsTest, RunsTheTestsAskedFor) {
  const std::string two = R"(
tests:
  - {name: latency of fraud, promql_expr_test: [{expr: 1, eval_time: 0}]}
  - {name: drift, promql_expr_test: [{expr: 1, eval_time: 0}]}
  - {promql_expr_test: [{expr: 1, eval_time: 0}]}
)";
  const auto names = [&](const std::vector<std::string>& regexes) {
    RuleTestOptions options;
    options.filter = TestFilter::Make(regexes).value();
    std::vector<std::string> ran;
    for (const RuleTestResult& test : Run(two, options).tests) ran.push_back(test.name);
    return ran;
  };
  EXPECT_THAT(names({}), ElementsAre("latency of fraud", "drift", "unnamed#2"));
  EXPECT_THAT(names({"^fraud", "dr.ft"}), ElementsAre("drift"));
  EXPECT_THAT(TestFilter::Make({"("}).status().message(), HasSubstr("bad regular expression \"(\""));
}

TEST_F(UnitTestsTest, FaultsOfTheFileAreAllNamed) {
  const RuleTestReport report = Run(R"(
rule_files: [nothing-*.yml]
tests:
  - name: t
    intervall: 1m
    start_timestamp: yesterday
    input_series: [{series: 'x{a="1"', values: 1}]
    alert_rule_test: [{eval_time: 1m}]
    promql_expr_test: [{expr: x, eval_time: soon, exp_samples: [{labels: '{', value: much, histogram: '1 2'}]}]
)");
  EXPECT_THAT(report.warnings, ElementsAre("no file match pattern nothing-*.yml"));
  EXPECT_THAT(
      report.faults,
      ElementsAre(HasSubstr("tests.yml: 5:5: test \"t\": unknown field 'intervall', did you mean 'interval'?"),
                  HasSubstr("6:22: test \"t\": start_timestamp must be Unix seconds or RFC 3339"),
                  HasSubstr("series \"x{a=\\\"1\\\"\": "),
                  HasSubstr("misses required attribute alertname at eval_time 1m"),
                  HasSubstr("invalid field 'eval_time'"), HasSubstr("labels \"{\": "),
                  HasSubstr("value must be a number, not \"much\""), HasSubstr("histogram must be one literal")));
  RuleTestOptions lenient;
  lenient.ignore_unknown_fields = true;
  EXPECT_THAT(Run("tests: []\nowner: me\n", lenient).faults, IsEmpty());
  EXPECT_THAT(Run("tests: []\nowner: me\n").faults, ElementsAre(HasSubstr("unknown field 'owner'")));
  EXPECT_THAT(RunRuleTests(folder_ + "/absent.yml", {}).faults, ElementsAre(EndsWith("there is no such file")));
}

TEST_F(UnitTestsTest, KnowsWhichRulesTestsSaySomethingOf) {
  const auto covered = [](const std::string& rule, bool is_covered) {
    return AllOf(Field(&RuleCoverage::rule, rule), Field(&RuleCoverage::covered, is_covered));
  };
  EXPECT_THAT(Run(std::string(kHead) + "    alert_rule_test: [{eval_time: 1m, alertname: ModelFails}]\n").coverage,
              ElementsAre(covered("model:errors:ratio", true), covered("ModelFails", false), covered("never", false)));
  EXPECT_THAT(Run(std::string(kHead) +
                  "    alert_rule_test: [{eval_time: 2m, alertname: ModelFails, exp_alerts: [{exp_labels: {a: b}}]}]\n")
                  .coverage,
              Contains(covered("ModelFails", true)));
}

TEST_F(UnitTestsTest, TracesEachEvaluation) {
  std::vector<std::string> lines;
  RuleTestOptions options;
  options.trace = [&lines](const std::string& line) { lines.push_back(line); };
  Failures(std::string(kHead) + "    promql_expr_test: [{expr: 1, eval_time: 1m, exp_samples: [{value: 1}]}]\n",
           options);
  EXPECT_THAT(lines,
              ElementsAre("test fraud", "0s models model:errors:ratio: 1 series",
                          R"(0s models ModelFails: pending{alertname="ModelFails", model="fraud", severity="page"})",
                          "0s late never: 0 series", "1m models model:errors:ratio: 1 series",
                          R"(1m models ModelFails: pending{alertname="ModelFails", model="fraud", severity="page"})",
                          "1m late never: 0 series"));
}

// A month of samples 15 s apart, evaluated as often.
TEST_F(UnitTestsTest, AMonthIsNoLimit) {
  EXPECT_THAT(Failures(R"(
rule_files: [rules.yml]
evaluation_interval: 15s
tests:
  - input_series:
      - {series: 'errors{model="fraud"}', values: 0x172000 9x1000}
      - {series: 'requests{model="fraud"}', values: 10x173000}
    alert_rule_test:
      - {eval_time: 29d20h, alertname: ModelFails}
      - eval_time: 29d22h
        alertname: ModelFails
        exp_alerts:
          - {exp_labels: {severity: page, model: fraud}, exp_annotations: {summary: 'fraud fails at 0.9 in '}}
)"),
              IsEmpty());
}

TEST_F(UnitTestsTest, AcknowledgedTimeDoesNotCount) {
  Write("rules.yml", R"(
groups:
- name: g
  rules:
  - alert: A
    expr: x
    levels: [{severity: low, above: 0}, {severity: high, after: 10m}]
)");
  constexpr std::string_view kTests = R"(
rule_files: [rules.yml]
severities: [low, high]
tests:
- input_series: [{series: 'x{model="a"}', values: 1x40}, {series: 'x{model="b"}', values: 1x40}]
  acknowledgements: [{alertname: A, labels: {model: b}, from: 5m, until: 20m}]
  alert_rule_test:
  - eval_time: 15m
    alertname: A
    exp_alerts: [{exp_labels: {model: a, severity: high}}, {exp_labels: {model: b, severity: low}}]
  - eval_time: 30m
    alertname: A
    exp_alerts: [{exp_labels: {model: a, severity: high}}, {exp_labels: {model: b, severity: high}}]
)";
  EXPECT_THAT(Failures(std::string(kTests)), IsEmpty());
}

TEST_F(UnitTestsTest, WithoutASuppressorEveryAlertIsTold) {
  EXPECT_THAT(Failures(R"(
rule_files: [rules.yml]
tests:
- input_series: [{series: 'errors{model="a"}', values: 1x9}, {series: 'requests{model="a"}', values: 1x9}]
  suppression_test:
  - {eval_time: 5m, alertname: ModelFails, exp_suppressed: [], exp_told: [{exp_labels: {model: a, severity: page}}]}
)"),
              IsEmpty());
}

TEST_F(UnitTestsTest, NamesFaultsOfWhatIsExpectedOfSuppression) {
  const RuleTestReport report = Run(R"(rule_files: [rules.yml]
tests:
- name: t
  suppression_test:
  - {eval_time: 1m}
  - {alertname: A, exp_suppresed: []}
  acknowledgements: [{alertname: A, from: 5m, until: 5m}]
)");
  EXPECT_THAT(
      report.faults,
      ElementsAre(EndsWith("5:5: test \"t\": an item under suppression_test misses required attribute alertname"),
                  EndsWith("5:5: test \"t\": an item under suppression_test must have exp_suppressed, exp_held or "
                           "exp_told"),
                  EndsWith("6:5: test \"t\": an item under suppression_test must have exp_suppressed, exp_held or "
                           "exp_told"),
                  EndsWith("6:20: test \"t\": unknown field 'exp_suppresed', did you mean 'exp_suppressed'?"),
                  EndsWith("7:54: test \"t\": 'until' must be later than 'from'")));
}

}  // namespace
}  // namespace bellwether::rules
