#include "rules/file/rule_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/rule_check.h"

namespace bellwether::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string FileFaults(std::string_view text) {
  const RuleFile file = ReadRuleText("f.yml", text, {});
  std::string faults;
  for (const std::string& fault : file.faults) faults += fault + "\n";
  return faults;
}

// Puts one rule into a group.
std::string OneRule(std::string_view rule) {
  std::string text = "groups:\n- name: g\n  rules:\n";
  std::istringstream lines{std::string(rule)};
  bool first = true;
  for (std::string line; std::getline(lines, line);) {
    text += (first ? "  - " : "    ") + line + "\n";
    first = false;
  }
  return text;
}

TEST(RuleFileTest, ReadsWhatPrometheusReads) {
  const RuleFile file = ReadRuleText("f.yml", R"(
groups:
- name: fraud
  interval: 30s
  query_offset: 1m
  limit: 7
  labels: {team: ml, tier: one}
  rules:
  - record: job:up:sum
    expr: sum  by (job) (up)
    labels: {tier: two, gone: ""}
  - alert: Down
    expr: up == 0
    for: 5m
    keep_firing_for: 1h30m
    labels: {severity: page}
    annotations: {summary: "{{ $labels.job }} is down", number: 5}
- name: empty
)",
                                     {});
  ASSERT_THAT(file.faults, IsEmpty());
  EXPECT_EQ(file.RuleCount(), 2U);
  ASSERT_EQ(file.groups.size(), 2U);
  const GroupSpec& group = file.groups[0];
  EXPECT_EQ(group.interval, base::Seconds(30));
  EXPECT_EQ(group.query_offset, base::Minutes(1));
  EXPECT_EQ(group.limit, 7U);
  const RuleSpec& record = group.rules[0];
  EXPECT_EQ(record.kind, RuleKind::kRecording);
  EXPECT_EQ(record.query, "sum by (job) (up)");
  EXPECT_EQ(record.labels, (TextMap{{"gone", ""}, {"team", "ml"}, {"tier", "two"}}));
  const RuleSpec& alert = group.rules[1];
  EXPECT_EQ(alert.kind, RuleKind::kAlerting);
  EXPECT_EQ(alert.hold.hold, base::Minutes(5));
  EXPECT_EQ(alert.hold.keep_firing, base::Minutes(90));
  EXPECT_EQ(alert.annotations.at("number"), "5");
  EXPECT_TRUE(file.groups[1].rules.empty());
  for (const char* empty : {"", "\n", "# nothing\n", "groups:\n", "groups: []\n", "---\n"}) {
    EXPECT_EQ(FileFaults(empty), "") << empty;
  }
}

TEST(RuleFileTest, NamesEachFaultWithItsPlace) {
  const auto expect = [](const std::string& text, const std::string& faults) { EXPECT_EQ(FileFaults(text), faults); };
  const auto rule = [&](std::string_view text, const std::string& at, std::string_view name, const std::string& fault) {
    EXPECT_EQ(FileFaults(OneRule(text)),
              "f.yml: " + at + ": group \"g\", rule 1, \"" + std::string(name) + "\": " + fault + "\n");
  };
  rule("record: a\nalert: b\nexpr: 1", "4:13: 5:12", "b", "only one of 'record' and 'alert' must be set");
  rule("expr: 1", "4:5", "", "one of 'record' or 'alert' must be set");
  rule("alert: b", "4:5", "b", "field 'expr' must be set in rule");
  rule("alert: b\nexpr: rate(", "5:11", "b", "could not parse expression: 1:6: parse error: unclosed left parenthesis");
  rule("record: a\nexpr: 1\nannotations: {a: b}", "4:13", "a", "invalid field 'annotations' in recording rule");
  rule("record: a\nexpr: 1\nfor: 1m", "4:13", "a", "invalid field 'for' in recording rule");
  rule("record: a\nexpr: 1\nkeep_firing_for: 1m", "4:13", "a", "invalid field 'keep_firing_for' in recording rule");
  rule("record: 'a{b=\"c\"}'\nexpr: 1", "4:13", "a{b=\"c\"}",
       "braces present in the recording rule name; should it be in expr?: a{b=\"c\"}");
  rule("record: a\nexpr: 1\nlabels: {__name__: b}", "6:24", "a", "invalid label name: __name__");
  rule("record: a\nexpr: 1\nlabels: {'': b}", "6:18", "a", "invalid label name: ");
  rule("alert: b\nexpr: 1\nfor: 5 minutes", "6:10", "b",
       "invalid field 'for': not a valid duration string: \"5 minutes\" (expected a number and a unit, largest first, "
       "such as 30s, 5m or 1h30m)");
  rule("alert: b\nexpr: 1\nlabels: [a]", "6:13", "b", "field 'labels' must be a mapping of names to texts, not a list");
  rule("alert: b\nexpr: 1\nlabels: {a: [b]}", "6:17", "b", "\"a\" in 'labels' must be text, not a list");
  rule("alert: b\nexpr: [1]", "5:11", "b", "field 'expr' must be text, not a list");
  expect("groups:\n- rules: []\n", "f.yml: 2:3: Groupname must not be empty\n");
  expect("groups:\n- name: g\n- name: g\n", "f.yml: 3:3: groupname: \"g\" is repeated in the same file\n");
  expect("groups:\n- name: g\n  limit: many\n", "f.yml: 3:10: field 'limit' must be a whole number, not \"many\"\n");
  expect("groups: {}\n", "f.yml: 1:9: field 'groups' must be a list, not a mapping\n");
  expect("- a\n", "f.yml: 1:1: a rule file must be a mapping, not a list\n");
  expect("groups:\n- name: g\n  labels: {__name__: a}\n", "f.yml: 3:11: invalid label name: __name__\n");
}

TEST(RuleFileTest, SaysWhatWasProbablyMeant) {
  EXPECT_EQ(FileFaults("group:\n"), "f.yml: 1:1: unknown field 'group', did you mean 'groups'?\n");
  EXPECT_EQ(FileFaults("groups:\n- name: g\n  intervall: 1m\n"),
            "f.yml: 3:3: unknown field 'intervall', did you mean 'interval'?\n");
  EXPECT_EQ(FileFaults(OneRule("alert: a\nexpr: 1\nannotation: {a: b}")),
            "f.yml: 6:5: group \"g\", rule 1, \"a\": unknown field 'annotation', did you mean 'annotations'?\n");
  EXPECT_EQ(FileFaults(OneRule("alert: a\nexpr: 1\nowner: me")),
            "f.yml: 6:5: group \"g\", rule 1, \"a\": unknown field 'owner'\n");
}

TEST(RuleFileTest, ListsAllFaultsOfAFile) {
  EXPECT_EQ(FileFaults("groups:\n- name: g\n  rules:\n  - alert: a\n  - record: b\n    expr: 1\n    for: 1m\n- {}\n"),
            "f.yml: 4:5: group \"g\", rule 1, \"a\": field 'expr' must be set in rule\n"
            "f.yml: 5:13: group \"g\", rule 2, \"b\": invalid field 'for' in recording rule\n"
            "f.yml: 8:3: Groupname must not be empty\n");
}

TEST(RuleFileTest, ChecksTemplates) {
  EXPECT_EQ(FileFaults(OneRule("alert: a\nexpr: 1\nannotations:\n  s: '{{ $label.x }}'")),
            "f.yml: 7:10: group \"g\", rule 1, \"a\": annotation \"s\": template: __alert_a:1: undefined variable "
            "\"$label\"\n");
  EXPECT_EQ(FileFaults(OneRule("alert: a\nexpr: 1\nlabels:\n  s: '{{ humanise $value }}'")),
            "f.yml: 7:10: group \"g\", rule 1, \"a\": label \"s\": template: __alert_a:1: function \"humanise\" not "
            "defined\n");
  EXPECT_NE(FileFaults(OneRule("alert: a\nexpr: 1\nannotations: {s: '{{ if }}'}")), "");
  EXPECT_EQ(FileFaults(OneRule("alert: a\nexpr: 1\nannotations: {s: '{{ $labels.x }} {{ $value | humanize }} "
                               "{{ range query \"up\" }}{{ . | value }}{{ end }}'}")),
            "");
  EXPECT_EQ(FileFaults(OneRule("record: a\nexpr: 1\nlabels: {s: '{{ anything'}")), "") << "literal in recording rules";
}

TEST(RuleFileTest, FollowsAliasesAndMergeKeys) {
  const RuleFile file = ReadRuleText("f.yml", R"(
groups:
- name: g
  rules:
  - &first
    alert: A
    expr: &e up == 0
    labels: {a: b}
  - {<<: *first, alert: B}
  - {<<: [{for: 1m}, *first], alert: C}
  - {alert: D, expr: *e}
)",
                                     {});
  ASSERT_THAT(file.faults, IsEmpty());
  const std::vector<RuleSpec>& rules = file.groups[0].rules;
  EXPECT_EQ(rules[1].name, "B");
  EXPECT_EQ(rules[1].labels, (TextMap{{"a", "b"}}));
  EXPECT_EQ(rules[2].hold.hold, base::Minutes(1));
  EXPECT_EQ(rules[3].query, "up == 0");
}

TEST(RuleFileTest, SurvivesHostileYaml) {
  EXPECT_EQ(FileFaults("groups: [\n").substr(0, 7), "f.yml: ");
  EXPECT_EQ(FileFaults("groups: []\ngroups: []\n"), "f.yml: 2:1: key \"groups\" is given twice, first at 1:1\n");
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += "*a" + std::to_string(i - 1) + ",";
    bomb += "]\n";
  }
  EXPECT_NE(FileFaults(bomb).find("too many values once aliases are resolved"), std::string::npos);
  EXPECT_NE(FileFaults("a: &a {<<: *a}\n"), "");
  EXPECT_NE(FileFaults("a: &a [*a]\n"), "");
  EXPECT_NE(FileFaults(std::string(5000, '[')), "");
  EXPECT_NE(FileFaults("{{{ : }"), "");
}

TEST(RuleFileTest, WarnsOfSecondDocuments) {
  const RuleFile file = ReadRuleText("f.yml", "groups: []\n---\nwhat: ever\n", {});
  EXPECT_THAT(file.faults, IsEmpty());
  EXPECT_THAT(file.warnings, ElementsAre("f.yml: only the first YAML document is read; the ones after it are ignored"));
  EXPECT_THAT(ReadRuleText("f.yml", "groups: []\n---\n[\n", {}).faults, IsEmpty());
}

TEST(RuleFileTest, FindsDuplicateRules) {
  const RuleFile file = ReadRuleText("f.yml", R"(
groups:
- {name: g, labels: {a: b}, rules: [{record: x, expr: 1}, {record: y, expr: 1}]}
- {name: h, rules: [{record: x, expr: 2, labels: {a: b}}, {record: y, expr: 1}]}
)",
                                     {});
  ASSERT_THAT(file.faults, IsEmpty());
  EXPECT_THAT(
      FindDuplicateRules(file),
      ElementsAre("f.yml: duplicate rule: metric x, label a=\"b\": the results of the two overwrite each other"));
}

TEST(RuleFileTest, SaysWhenAFileCannotBeRead) {
  EXPECT_EQ(CheckRuleFiles({"no/such/file.yml"}, {}).front().status().message(),
            "no/such/file.yml: cannot be read: there is no such file");
  EXPECT_FALSE(CheckRuleFiles({"."}, {}).front().ok());
}

}  // namespace
}  // namespace bellwether::rules
