#include "rules/file/condition_reader.h"

#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/file/label_bound.h"
#include "rules/file/rule_file.h"

namespace bellwether::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// One rule, its lines from line 4 on, its columns moved by four.
RuleFile ReadRule(std::string_view rule) {
  std::string text = "groups:\n- name: g\n  rules:\n";
  std::istringstream lines{std::string(rule)};
  bool first = true;
  for (std::string line; std::getline(lines, line);) {
    text += (first ? "  - " : "    ") + line + "\n";
    first = false;
  }
  return ReadRuleText("f.yml", text, {});
}

// The faults of a rule called "a", without what all of them begin with.
std::string ConditionFaults(std::string_view rule) {
  std::string faults;
  for (std::string fault : ReadRule(rule).faults) {
    const std::string context = "group \"g\", rule 1, \"a\": ";
    const std::size_t at = fault.find(context);
    if (at != std::string::npos) fault.erase(at, context.size());
    faults += fault.substr(7) + "\n";
  }
  return faults;
}

constexpr std::string_view kComposite = "alert: a\nmatch_on: [m]\nsignals: {s: {expr: x}, t: {expr: y}}\n";

TEST(ConditionReaderTest, ReadsLevelsAndOverrides) {
  const RuleFile file = ReadRule(R"(alert: a
expr: psi
for: 1m
levels:
- {severity: info, above: 0.1, for: 30m}
- {severity: warning, above: 0.2, clear_below: 0.17}
- {severity: critical, below: -1, clear: psi > 0, after: 1h, for: 0s}
- {severity: page, after: 2h}
overrides:
- {match: {model: fraud}, levels: [{severity: warning, above: 0.12, for: 15m}]}
on_no_data: fire
forget_after: 6h
missing: false)");
  ASSERT_THAT(file.faults, IsEmpty());
  const ConditionSpec& spec = *file.groups[0].rules[0].conditions;
  ASSERT_EQ(spec.levels.size(), 4U);
  EXPECT_EQ(spec.levels[0].rule, (LevelRule{"info", base::Minutes(30)}));
  EXPECT_EQ(spec.levels[0].threshold, (Threshold{Side::kAbove, 0.1, 0.1}));
  EXPECT_EQ(spec.levels[1].rule, (LevelRule{"warning", base::Minutes(1)})) << "'for' of the rule is the default";
  EXPECT_EQ(spec.levels[1].threshold, (Threshold{Side::kAbove, 0.2, 0.17}));
  EXPECT_EQ(spec.levels[2].rule, (LevelRule{"critical", base::DurationMs(0), base::Hours(1)}));
  EXPECT_EQ(spec.levels[2].clear->query, "psi > 0");
  EXPECT_TRUE(spec.levels[3].as_below);
  EXPECT_EQ(spec.levels[3].rule.hold, base::DurationMs(0)) << "that of the level below";
  EXPECT_EQ(spec.on_no_data, NoDataPolicy::kFire);
  EXPECT_EQ(spec.forget_after, base::Hours(6));
  EXPECT_EQ(spec.signals[0].missing, Truth::kFalse);
  ASSERT_EQ(spec.overrides.size(), 1U);
  EXPECT_EQ(spec.overrides[0].levels[1].threshold->bound, 0.12);
  EXPECT_EQ(spec.overrides[0].levels[0].threshold->bound, 0.1) << "the others stay";
}

TEST(ConditionReaderTest, ReadsSignals) {
  const RuleFile file = ReadRule(R"(alert: a
match_on: [version, model]
signals:
  accuracy: {expr: 'ml_model_accuracy < 0.85', for: 5m}
  latency: {expr: latency, above: 2, clear_below: 1, need: 3, missing: true}
  pipeline: {alert: PipelineDown, through: topology}
when: accuracy and (latency or not pipeline)
depends_on: [{alert: PipelineDown, through: topology}, {alert: Other, equal: [model], wait: 1m}])");
  ASSERT_THAT(file.faults, IsEmpty());
  const RuleSpec& rule = file.groups[0].rules[0];
  EXPECT_EQ(rule.query, "ALERTS{alertname=\"a\"}");
  EXPECT_THAT(rule.conditions->match_on, ElementsAre("model", "version"));
  ASSERT_EQ(rule.conditions->signals.size(), 3U);
  EXPECT_EQ(rule.conditions->signals[0].hold, base::Minutes(5));
  EXPECT_EQ(rule.conditions->signals[1].need, 3U);
  EXPECT_EQ(rule.conditions->signals[2].through, Through::kTopology);
  ASSERT_EQ(rule.conditions->levels.size(), 1U);
  EXPECT_EQ(rule.conditions->levels[0].rule.severity, "");
  ASSERT_EQ(rule.depends_on.size(), 2U);
  EXPECT_EQ(rule.depends_on[0].wait, base::Seconds(45));
  EXPECT_EQ(rule.depends_on[1].wait, base::Minutes(1));
}

TEST(ConditionReaderTest, RefusesLevelsThatContradictThemselves) {
  const auto level = [](const std::string& levels) {
    return ConditionFaults("alert: a\nexpr: x\nlevels: [" + levels + "]");
  };
  EXPECT_EQ(level(""), "6:13: 'levels' must have at least one level, as {severity: warning}\n");
  EXPECT_EQ(level("{above: 1}"), "6:14: a level must have a 'severity'\n");
  EXPECT_EQ(
      level("{severity: warn, above: 1}"),
      "6:25: unknown severity \"warn\"; 'severities' of the configuration has info, warning, error, critical, page\n");
  EXPECT_EQ(level("{severity: criticl, above: 1}"),
            "6:25: unknown severity \"criticl\", did you mean 'critical'?; 'severities' of the configuration has info, "
            "warning, error, critical, page\n");
  EXPECT_EQ(level("{severity: page}, {severity: info}"),
            "6:32: levels must be written from low to high: \"info\" is lower than \"page\"\n");
  EXPECT_EQ(level("{severity: info}, {severity: info}"), "6:32: severity \"info\" has two levels\n");
  EXPECT_EQ(level("{severity: info, above: 1, below: 2}"),
            "6:48: only one of 'above' and 'below' must be set: write two levels or signals\n");
  EXPECT_EQ(level("{severity: info, above: 1, clear_below: 2}"),
            "6:54: 'clear_below' 2 is beyond 'above' 1: it must not be higher\n");
  EXPECT_EQ(level("{severity: info, below: 1, clear_above: 0}"),
            "6:54: 'clear_above' 0 is beyond 'below' 1: it must not be lower\n");
  EXPECT_EQ(level("{severity: info, below: 1, clear_below: 0}"), "6:54: 'clear_below' must stand beside 'above'\n");
  EXPECT_EQ(level("{severity: info, above: many}"), "6:38: field 'above' must be a number, not \"many\"\n");
  EXPECT_EQ(level("{severity: info, above: 2, clear_below: 1, clear: y}"),
            "6:64: only one of 'clear' and 'clear_below' or 'clear_above' must be set\n");
  EXPECT_EQ(level("{severity: info, after: 1h}"),
            "6:14: the lowest level must have a condition: there is none below that 'after' could take\n");
  EXPECT_EQ(level("{severity: info, when: a}"), "6:37: 'when' needs 'signals' beside it\n");
  EXPECT_EQ(level("{severity: info, abovee: 1}"), "6:31: unknown field 'abovee', did you mean 'above'?\n");
}

TEST(ConditionReaderTest, RefusesASeverityBesideLevels) {
  EXPECT_EQ(ConditionFaults("alert: a\nexpr: x\nlabels: {severity: page}\nlevels: [{severity: info}]"),
            "6:24: label 'severity' stands beside 'levels', which give the alert its severity: remove it\n");
  const RuleFile file = ReadRuleText("f.yml", R"(
groups:
- name: g
  labels: {severity: page}
  rules: [{alert: a, expr: x, levels: [{severity: info}]}]
)",
                                     {});
  EXPECT_THAT(file.faults, ElementsAre(HasSubstr("label 'severity' of the group stands beside 'levels'")));
}

TEST(ConditionReaderTest, RefusesOverridesThatDoNotDecide) {
  const auto overrides = [](const std::string& list) {
    return ConditionFaults("alert: a\nexpr: x\nlevels: [{severity: info, above: 1}]\noverrides: [" + list + "]");
  };
  EXPECT_EQ(overrides("{match: {m: a}, levels: [{severity: page, above: 2}]}"),
            "7:42: the rule has no level of severity \"page\" that this could replace\n");
  EXPECT_EQ(overrides("{levels: [{severity: info, above: 2}]}"),
            "7:17: an override must 'match' at least one label, as {model: fraud}\n");
  EXPECT_EQ(overrides("{match: {m: a}}"), "7:17: an override must have 'levels' or 'signals'\n");
  const std::string level = "levels: [{severity: info, above: 2}]";
  EXPECT_EQ(overrides("{match: {m: a}, " + level + "}, {match: {m: b}, " + level + "}"), "");
  EXPECT_EQ(overrides("{match: {m: a}, " + level + "}, {match: {m: a, n: b}, " + level + "}"), "");
  EXPECT_EQ(
      overrides("{match: {m: a}, " + level + "}, {match: {n: b}, " + level + "}"),
      "7:72: this override and the one at 7:17 match equally many labels and may match the same instance: give one of "
      "them more labels\n");
  EXPECT_EQ(
      ConditionFaults(std::string(kComposite) + "when: s and t\noverrides: [{match: {n: b}, signals: {u: {expr: x}}}]"),
      "8:25: label \"n\" is not in 'match_on', so no instance has it\n"
      "8:43: the rule has no signal \"u\" that this could replace\n");
}

TEST(ConditionReaderTest, RefusesWhatWouldJoinNothingOrEverything) {
  EXPECT_EQ(ConditionFaults("alert: a\nsignals: {s: {expr: x}}"),
            "4:5: 'match_on' must name the labels by which signals belong together, as [model, version]\n");
  EXPECT_EQ(
      ConditionFaults("alert: a\nmatch_on: [m]\nsignals: {s: {expr: x}, t: {expr: sum by (n) (x) > 1}}\nwhen: s and t"),
      "6:29: signal \"t\" has none of the labels of 'match_on' (m), so it belongs to no instance: keep one, as sum by "
      "(m) (...)\n");
  EXPECT_EQ(ConditionFaults(
                "alert: a\nmatch_on: [m, n]\nsignals: {s: {expr: sum by (m) (x)}, t: {expr: x}}\nwhen: s and not t"),
            "5:15: no signal outside 'not' has all labels of 'match_on' (m, n), so there are no instances\n");
  EXPECT_EQ(ConditionFaults(std::string(kComposite) + "expr: x\nwhen: s"),
            "7:11: 6:14: only one of 'expr' and 'signals' must be set\n");
  EXPECT_EQ(ConditionFaults(kComposite), "4:5: 'when' must say how the signals combine, as when: a and (b or c)\n");
  EXPECT_EQ(ConditionFaults("alert: a\nmatch_on: [m]\nsignals: {and: {expr: x}, t: {}}\nwhen: t"),
            "6:15: a signal must not be called \"and\": use letters, digits and '_', and no word of 'when'\n"
            "6:34: a signal must have one of 'expr' and 'alert'\n");
  EXPECT_EQ(
      ConditionFaults(
          "alert: a\nmatch_on: [m]\nsignals: {s: {expr: x, through: topology}, t: {alert: b, above: 1}}\nwhen: s or t"),
      "6:37: 'through' needs 'alert' beside it\n6:69: 'above' needs 'expr' beside it\n");
  EXPECT_EQ(ConditionFaults("alert: a\nmatch_on: [m]\nsignals: {s: {alert: b, through: labels}}\nwhen: s"),
            "6:38: field 'through' must be topology, not \"labels\"\n");
}

TEST(ConditionReaderTest, SaysWhatHappensToWhenWithoutQuotes) {
  EXPECT_EQ(
      ConditionFaults(std::string(kComposite) +
                      "when: s\nlevels: [{severity: info, when: at_least(1, s, t), for: 1m}]"),
      "8:37: 'when' ends at its first comma, \"at_least(1\": quote it inside {...}, as when: 'at_least(2, a, b)'\n");
  EXPECT_EQ(ConditionFaults(std::string(kComposite) +
                            "when: s\nlevels: [{severity: info, when: 'at_least(1, s, t)', for: 1m}]"),
            "");
  EXPECT_EQ(ConditionFaults(std::string(kComposite) + "when: at_least(1, s, t)"), "") << "on a line of its own";
  EXPECT_EQ(ConditionFaults(std::string(kComposite) + "when: s and"),
            "7:11: could not parse 'when': 1:6: it ends where the name of a signal is expected\n");
}

TEST(ConditionReaderTest, LeavesPrometheusRulesAlone) {
  EXPECT_EQ(ConditionFaults("alert: a\nexpr: x\non_no_data: fire"),
            "6:17: field 'on_no_data' needs 'levels' or 'signals' beside it\n");
  EXPECT_EQ(ConditionFaults("record: a\nexpr: x\nlevels: [{severity: info}]"),
            "4:13: invalid field 'levels' in recording rule\n");
  EXPECT_EQ(ReadRule("alert: a\nexpr: x").groups[0].rules[0].conditions, nullptr);
  EXPECT_EQ(ConditionFaults("alert: a\nexpr: x\nannotations: {s: '{{ $level }}'}"),
            "6:22: annotation \"s\": template: __alert_a:1: undefined variable \"$level\"\n");
  EXPECT_EQ(
      ConditionFaults("alert: a\nexpr: x\nlevels: [{severity: info}]\nannotations: {s: '{{ $level }}{{ $signals }}'}"),
      "");
  EXPECT_EQ(ConditionFaults("alert: a\nexpr: x\ndepends_on: [{alert: b}]"),
            "6:18: an item of depends_on must have one of 'through: topology' and 'equal: [labels]'\n");
}

TEST(ConditionReaderTest, TakesTheOrderOfSeveritiesFromTheConfiguration) {
  const std::string text =
      "groups: [{name: g, rules: [{alert: a, expr: x, levels: [{severity: P2, above: 1}, {severity: P1, above: 2}]}]}]";
  EXPECT_THAT(ReadRuleText("f.yml", text, {.severities = {"P3", "P2", "P1"}}).faults, IsEmpty());
  EXPECT_EQ(ReadRuleText("f.yml", text, {.severities = {"P1", "P2", "P3"}}).faults.size(), 1U);
}

TEST(LabelBoundTest, KnowsWhatTheTextShows) {
  const auto bound = [](std::string_view text) {
    const auto expr = promql::Parse(text);
    EXPECT_TRUE(expr.ok()) << text;
    const auto labels = LabelsAtMost(**expr);
    if (!labels) return std::string("any");
    std::string names;
    for (const std::string& name : *labels) names += (names.empty() ? "" : ",") + name;
    return names;
  };
  EXPECT_EQ(bound("x"), "any");
  EXPECT_EQ(bound("sum(x)"), "");
  EXPECT_EQ(bound("sum by (a, b) (rate(x[5m])) > 1"), "a,b");
  EXPECT_EQ(bound("1 < (sum by (a) (x))"), "a");
  EXPECT_EQ(bound("sum without (a) (sum by (a, b) (x))"), "b");
  EXPECT_EQ(bound("topk(1, sum by (a) (x))"), "a");
  EXPECT_EQ(bound("sum by (a) (x) / on (b) y"), "b");
  EXPECT_EQ(bound("sum by (a) (x) / on (a) group_left (c) y"), "a,c");
  EXPECT_EQ(bound("sum by (a) (x) or sum by (b) (x)"), "a,b");
  EXPECT_EQ(bound("sum by (a) (x) and y"), "a");
  EXPECT_EQ(bound("histogram_quantile(0.9, sum by (le) (x))"), "le");
  EXPECT_EQ(bound("label_replace(sum(x), \"a\", \"b\", \"\", \"\")"), "any");
  EXPECT_EQ(bound("absent(x{a=\"b\"})"), "any");
  EXPECT_EQ(bound("vector(1)"), "");
  EXPECT_EQ(bound("max_over_time(sum by (a) (x)[5m:])"), "a");
}

}  // namespace
}  // namespace bellwether::rules
