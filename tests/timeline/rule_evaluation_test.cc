// What rules make of their expressions: recorded series, templates, errors.
#include <string>

#include <gtest/gtest.h>

#include "tests/timeline/rule_world.h"

namespace bellwether::timeline {
namespace {

TEST(RecordingRuleTest, IsSeenByTheNextRuleAtOnce) {
  RuleWorld world;
  ASSERT_TRUE(world
                  .Load(R"(
groups:
- name: g
  labels: {team: ml}
  rules:
  - {record: "a:sum", expr: sum by (job) (up), labels: {tier: one, gone: ""}}
  - {record: "b:double", expr: "a:sum * 2"}
  - {alert: High, expr: "b:double > 3"}
  - {record: c, expr: "1 + 1"}
)")
                  .ok());
  world.Tick(R"(up{job="x", gone="y"})", 2);
  EXPECT_EQ(world.Query("a:sum"), "a:sum{job=\"x\", team=\"ml\", tier=\"one\"} 2\n");
  EXPECT_EQ(world.Query("b:double"), "b:double{job=\"x\", team=\"ml\", tier=\"one\"} 4\n");
  EXPECT_EQ(world.Alerts(2),
            "{alertname=\"High\", job=\"x\", team=\"ml\", tier=\"one\"} firing active 0 fired 0 value 4\n");
  EXPECT_EQ(world.Query("c"), "c{team=\"ml\"} 2\n");
}

TEST(RecordingRuleTest, EqualExpressionsSeeWhatIsWrittenBetweenThem) {
  RuleWorld world;
  ASSERT_TRUE(world
                  .Load(R"(
groups:
- name: g
  rules:
  - {record: sum_before, expr: sum(r) + 1}
  - {record: alerts_before, expr: count(ALERTS) + 1}
  - {record: r, expr: up}
  - {alert: A, expr: up > 0}
  - {record: sum_after, expr: sum(r) + 1}
  - {record: alerts_after, expr: count(ALERTS) + 1}
)")
                  .ok());
  world.Tick("up", 1);
  EXPECT_EQ(world.Query("sum_before or alerts_before"), "");
  EXPECT_EQ(world.Query("sum_after"), "sum_after 2\n");
  EXPECT_EQ(world.Query("alerts_after"), "alerts_after 2\n");
  world.Tick("up", 4);
  EXPECT_EQ(world.Query("sum_before"), "sum_before 2\n");
  EXPECT_EQ(world.Query("sum_after"), "sum_after 5\n");
}

TEST(RuleCostTest, CountsWhatTheExpressionsOfARuleRead) {
  RuleWorld world;
  ASSERT_TRUE(world
                  .Load(R"(
groups:
- name: g
  rules:
  - {record: r, expr: "sum_over_time(up[5m]) + down"}
  - {alert: A, expr: up, levels: [{severity: warning, above: 3}]}
  - alert: C
    match_on: [job]
    signals: {low: {expr: 'up{job="a"} < 0'}, all: {expr: 'up{job!=""} > 0'}}
    when: low and all
)")
                  .ok());
  world.Tick(R"(up{job="a"})", 1);
  world.Send(R"(up{job="b"})", 1);
  world.Tick(R"(up{job="a"})", 2);
  struct Cost {
    std::uint64_t series, samples;
  };
  const Cost expected[] = {{2, 3}, {2, 2}, {3, 3}};
  for (std::size_t i = 0; i < std::size(expected); ++i) {
    EXPECT_EQ(world.Rule(i).series_read, expected[i].series) << i;
    EXPECT_EQ(world.Rule(i).samples_read, expected[i].samples) << i;
  }
  const std::string text = world.metrics.WriteText();
  EXPECT_NE(text.find("bellwether_rule_samples_read_total{rule=\"C\""), std::string::npos);
  EXPECT_NE(text.find("bellwether_rule_evaluation_microseconds_total{rule=\"A\""), std::string::npos);

  RuleWorld quiet;
  quiet.options.metrics_per_rule = false;
  ASSERT_TRUE(quiet.Load("groups: [{name: g, rules: [{record: r, expr: up}]}]").ok());
  quiet.Tick("up", 1);
  EXPECT_EQ(quiet.Rule().samples_read, 1U);
  EXPECT_EQ(quiet.metrics.WriteText().find("bellwether_rule_"), std::string::npos);
}

TEST(RecordingRuleTest, EndsSeriesThatAreGone) {
  RuleWorld world;
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{record: r, expr: up > 0}]}]").ok());
  world.Ticks("up", "1");
  EXPECT_EQ(world.Query("r"), "r 1\n");
  world.Ticks("up", "0");
  EXPECT_EQ(world.Query("r"), "");
  world.Ticks("up", "2");
  EXPECT_EQ(world.Query("r"), "r 2\n");
}

TEST(RecordingRuleTest, StampsWithTheQueryOffset) {
  RuleWorld world;
  ASSERT_TRUE(world.Load("groups: [{name: g, query_offset: 1m, rules: [{record: r, expr: up}]}]").ok());
  world.Ticks("up", "12");
  EXPECT_EQ(world.Query("r"), "r 1\n");
  EXPECT_EQ(world.Query("time() - timestamp(r)"), "{} 60\n");
}

TEST(RecordingRuleTest, SaysWhatIsWrong) {
  RuleWorld world;
  ASSERT_TRUE(world
                  .Load(R"(
groups:
- name: g
  limit: 2
  rules:
  - {record: same, expr: up, labels: {job: one}}
  - {record: many, expr: up}
  - {record: type, expr: "up[5m]"}
  - {record: good, expr: "1"}
)")
                  .ok());
  world.ToNextSlot();
  for (const char* job : {"a", "b", "c"}) world.Send("up{job=\"" + std::string(job) + "\"}", 1);
  world.manager->RunDue();
  EXPECT_EQ(world.Rule(0).last_error, "vector contains metrics with the same labelset after applying rule labels");
  EXPECT_EQ(world.Rule(1).last_error, "exceeded limit of 2 with 3 series");
  EXPECT_EQ(world.Rule(2).last_error, "rule result is not a vector or scalar");
  EXPECT_EQ(world.Rule(2).health, rules::RuleHealth::kError);
  EXPECT_EQ(world.Rule(3).health, rules::RuleHealth::kOk);
  EXPECT_EQ(world.Query("same or many or type"), "");
  EXPECT_EQ(world.Query("good"), "good 1\n");
}

TEST(AlertingRuleTest, ErrorsLeaveTheAlertsAsTheyAre) {
  RuleWorld world;
  ASSERT_TRUE(world.Load("groups: [{name: g, rules: [{alert: A, expr: up == 0, labels: {job: one}}]}]").ok());
  world.Tick(R"(up{job="a"})", 0);
  const std::string before = world.Alerts();
  EXPECT_EQ(before, "{alertname=\"A\", job=\"one\"} firing active 0 fired 0 value 0\n");
  world.ToNextSlot();
  world.Send(R"(up{job="a"})", 0);
  world.Send(R"(up{job="b"})", 0);
  world.manager->RunDue();
  EXPECT_EQ(world.Rule().last_error, "vector contains metrics with the same labelset after applying alert labels");
  EXPECT_EQ(world.Alerts(), before);
  EXPECT_EQ(world.Query("ALERTS{alertstate=\"firing\"}"),
            "ALERTS{alertname=\"A\", alertstate=\"firing\", job=\"one\"} 1\n")
      << "a failed evaluation ends no series";
}

TEST(AlertingRuleTest, TooManyAlertsAreAllForgotten) {
  RuleWorld world;
  ASSERT_TRUE(world.Load("groups: [{name: g, limit: 1, rules: [{alert: A, expr: up == 0}]}]").ok());
  world.Tick(R"(up{job="a"})", 0);
  EXPECT_NE(world.Alerts(), "");
  world.ToNextSlot();
  world.Send(R"(up{job="b"})", 0);
  world.manager->RunDue();
  EXPECT_EQ(world.Rule().last_error, "exceeded limit of 1 with 2 alerts");
  EXPECT_EQ(world.Alerts(), "");
  world.Restart();
  EXPECT_EQ(world.Alerts(), "") << "forgotten in the store, too";
}

// Expands `text` as the annotation of an alert on up{job="a", instance="h:1"} 0.959.
std::string Expand(const std::string& text) {
  RuleWorld world;
  world.options.external_labels = metric::Labels{{"region", "eu"}};
  world.options.external_url = "http://bellwether.example/base";
  const base::Status loaded = world.Load(
      "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up < 1\n    annotations:\n"
      "      text: >-\n        " +
      text + "\n");
  if (!loaded.ok()) return loaded.message();
  world.ToNextSlot();
  world.Send(R"(up{job="a", instance="h:1"})", 0.959);
  world.Send(R"(other{job="b"})", 7);
  world.Send(R"(other{job="a"})", 1048576);
  world.manager->RunDue();
  return world.Rule().alerts.at(0).annotations.at("text");
}

TEST(AlertTemplateTest, SeesTheSampleAndTheServer) {
  const auto expect = [](const std::string& text, const std::string& expanded) { EXPECT_EQ(Expand(text), expanded); };
  expect("plain", "plain");
  expect("{{ $labels.job }} {{ .Labels.instance }} {{ $value }} {{ .Value }}", "a h:1 0.959 0.959");
  expect("{{ $labels.__name__ }}|{{ $labels.nothing }}|", "up||");
  expect("{{ $externalLabels.region }} {{ $externalURL }} {{ externalURL }} {{ pathPrefix }}",
         "eu http://bellwether.example/base http://bellwether.example/base /base");
  expect("{{ $value | humanizePercentage }} {{ humanize1024 1048576.0 }} {{ $labels.instance | stripPort }}",
         "95.9% 1Mi h");
  expect("{{ query \"other{job='a'}\" | first | value | humanize }}", "1.049M");
  expect("{{ range query \"other\" | sortByLabel \"job\" }}{{ .Labels.job }}={{ .Value }} {{ end }}",
         "a=1.048576e+06 b=7 ");
  expect("{{ with query \"other\" }}{{ len . }} {{ . | first | label \"job\" }}{{ end }}", "2 a");
  expect("{{ graphLink \"up > 1\" }} {{ tableLink \"up\" }}",
         "/graph?g0.expr=up+%3E+1&g0.tab=0 /graph?g0.expr=up&g0.tab=1");
  expect("{{ query \"1 + 1\" | first | value }}", "2");
  expect("{{ define \"x\" }}<{{ .arg0 }}>{{ end }}{{ template \"x\" (args 5) }}", "<5>");
  expect("{{ if gt $value 0.5 }}high{{ else }}low{{ end }}", "high");
}

TEST(AlertTemplateTest, PutsErrorsIntoTheText) {
  EXPECT_EQ(Expand("{{ query \"nothing\" | first }}"),
            "<error expanding template: error executing template __alert_A: template: __alert_A:1:133: executing "
            "\"__alert_A\" at <first>: error calling first: first() called on vector with no elements>");
  EXPECT_NE(Expand("{{ query \"rate(\" }}").find("<error expanding template: "), std::string::npos);
  EXPECT_NE(Expand("{{ $labels.job | humanize }}").find("error calling humanize"), std::string::npos);
}

TEST(AlertTemplateTest, ExpandsLabelsAndRemovesEmptyOnes) {
  RuleWorld world;
  ASSERT_TRUE(world
                  .Load(R"(
groups:
- name: g
  rules:
  - alert: A
    expr: up < 1
    labels: {severity: '{{ if lt $value 0.5 }}page{{ end }}', job: '{{ $labels.job | toUpper }}', alertname: other}
)")
                  .ok());
  world.Tick(R"(up{job="a"})", 0);
  EXPECT_EQ(world.Alerts(), "{alertname=\"A\", job=\"A\", severity=\"page\"} firing active 0 fired 0 value 0\n");
  world.Tick(R"(up{job="a"})", 0.7);
  EXPECT_EQ(world.Alerts(), "{alertname=\"A\", job=\"A\"} firing active 1 fired 1 value 0.7\n")
      << "another label set is another alert";
}

}  // namespace
}  // namespace bellwether::timeline
