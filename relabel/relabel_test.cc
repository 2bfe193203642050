#include "relabel/relabel.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "relabel/rule_reader.h"
#include "yaml/yaml_tree.h"

namespace bellwether::relabel {
namespace {

using metric::Labels;
using ::testing::HasSubstr;

// Rules as they stand in a configuration file.
std::vector<Rule> RulesOf(const std::string& text) {
  const yaml::YamlDocument document = yaml::ReadYaml(text);
  yaml::FaultList faults("r.yml");
  std::vector<Rule> rules = ReadRules(document.root.items, faults);
  EXPECT_THAT(faults.Take(), ::testing::IsEmpty()) << text;
  return rules;
}

std::string FaultsOf(const std::string& text) {
  const yaml::YamlDocument document = yaml::ReadYaml(text);
  yaml::FaultList faults("r.yml");
  static_cast<void>(ReadRules(document.root.items, faults));
  std::string all;
  for (const std::string& fault : faults.Take()) all += fault + "\n";
  return all;
}

struct RelabelCase {
  std::string_view what;
  Labels labels;
  std::string rules;
  std::optional<Labels> expected;
};

TEST(RelabelTest, DoesWhatPrometheusDoes) {
  const Labels abc{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}};
  const RelabelCase cases[] = {
      {"no rule", abc, "[]", abc},
      {"replace with the group of the source", abc,
       "[{source_labels: [a], regex: 'f(.*)', target_label: d, replacement: 'ch${1}-ch${1}'}]",
       Labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"d", "choo-choo"}}},
      {"the second rule sees what the first did", abc,
       "[{source_labels: [a, b], regex: 'f(.*);(.*)r', target_label: a, replacement: 'b${1}${2}m'},"
       " {source_labels: [c, a], regex: '(b).*b(.*)ba(.*)', target_label: d, replacement: '$1$2$2$3'}]",
       Labels{{"a", "boobam"}, {"b", "bar"}, {"c", "baz"}, {"d", "boooom"}}},
      {"drop ends it", Labels{{"a", "foo"}},
       "[{source_labels: [a], regex: '.*o.*', action: drop},"
       " {source_labels: [a], regex: 'f(.*)', target_label: d, replacement: x}]",
       std::nullopt},
      {"drop without a match", Labels{{"a", "foo"}}, "[{source_labels: [a], regex: 'no-match', action: drop}]",
       Labels{{"a", "foo"}}},
      {"expressions are anchored", Labels{{"a", "foo"}}, "[{source_labels: [a], regex: 'f|o', action: drop}]",
       Labels{{"a", "foo"}}},
      {"keep with a match", Labels{{"a", "foo"}}, "[{source_labels: [a], regex: 'f.*', action: keep}]",
       Labels{{"a", "foo"}}},
      {"keep without a match", Labels{{"a", "foo"}}, "[{source_labels: [a], regex: no-match, action: keep}]",
       std::nullopt},
      {"keep on a label that is not there", Labels{{"a", "foo"}}, "[{source_labels: [x], regex: '.+', action: keep}]",
       std::nullopt},
      {"no match replaces nothing", Labels{{"a", "foo"}},
       "[{source_labels: [a], regex: 'b(.*)', target_label: b, replacement: bar}]", Labels{{"a", "foo"}}},
      {"an empty replacement removes", abc, "[{target_label: b, replacement: ''}]", Labels{{"a", "foo"}, {"c", "baz"}}},
      {"a replacement that comes out empty removes", abc,
       "[{source_labels: [a], regex: '(f).*', target_label: b, replacement: '$2'}]",
       Labels{{"a", "foo"}, {"c", "baz"}}},
      {"the default copies", Labels{{"a", "foo"}}, "[{source_labels: [a], target_label: b}]",
       Labels{{"a", "foo"}, {"b", "foo"}}},
      {"sources are joined by the separator", abc, "[{source_labels: [a, x, c], separator: '-', target_label: d}]",
       Labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"d", "foo--baz"}}},
      {"a target made of groups", Labels{{"a", "some-name-value"}},
       "[{source_labels: [a], regex: 'some-([^-]+)-([^,]+)', target_label: '${1}', replacement: '${2}'}]",
       Labels{{"a", "some-name-value"}, {"name", "value"}}},
      {"a target that comes out empty", Labels{{"a", "some-name-0"}},
       "[{source_labels: [a], regex: 'some-([^-]+)-([^,]+)', target_label: '${3}', replacement: '${1}'}]",
       Labels{{"a", "some-name-0"}}},
      {"hashmod", abc, "[{source_labels: [c], target_label: d, action: hashmod, modulus: 1000}]",
       Labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"d", "976"}}},
      {"hashmod of what is joined", abc,
       "[{source_labels: [a, b, c], target_label: d, action: hashmod, modulus: 1000}]",
       Labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"d", "719"}}},
      {"labelmap", Labels{{"a", "foo"}, {"b1", "bar"}, {"b2", "baz"}},
       "[{regex: '(b.*)', replacement: 'bar_${1}', action: labelmap}]",
       Labels{{"a", "foo"}, {"b1", "bar"}, {"b2", "baz"}, {"bar_b1", "bar"}, {"bar_b2", "baz"}}},
      {"labelmap cuts a prefix", Labels{{"a", "foo"}, {"__meta_my_bar", "aaa"}, {"__meta_my_baz", "bbb"}},
       "[{regex: '__meta_(my.*)', action: labelmap}]",
       Labels{{"a", "foo"}, {"__meta_my_bar", "aaa"}, {"__meta_my_baz", "bbb"}, {"my_bar", "aaa"}, {"my_baz", "bbb"}}},
      {"labeldrop", Labels{{"a", "foo"}, {"b1", "bar"}, {"b2", "baz"}}, "[{regex: '(b.*)', action: labeldrop}]",
       Labels{{"a", "foo"}}},
      {"labelkeep", Labels{{"a", "foo"}, {"b1", "bar"}, {"b2", "baz"}}, "[{regex: '(b.*)', action: labelkeep}]",
       Labels{{"b1", "bar"}, {"b2", "baz"}}},
      {"uppercase and lowercase", Labels{{"foo", "bAr123Foo \u00e9"}},
       "[{source_labels: [foo], action: uppercase, target_label: up},"
       " {source_labels: [foo], action: Lowercase, target_label: low}]",
       Labels{{"foo", "bAr123Foo \u00e9"}, {"low", "bar123foo \u00e9"}, {"up", "BAR123FOO \u00c9"}}},
      {"keepequal", Labels{{"__tmp_port", "1234"}, {"__port1", "1234"}, {"__port2", "5678"}},
       "[{source_labels: [__tmp_port], action: keepequal, target_label: __port1}]",
       Labels{{"__tmp_port", "1234"}, {"__port1", "1234"}, {"__port2", "5678"}}},
      {"keepequal of others", Labels{{"__tmp_port", "1234"}, {"__port1", "1234"}, {"__port2", "5678"}},
       "[{source_labels: [__tmp_port], action: keepequal, target_label: __port2}]", std::nullopt},
      {"dropequal", Labels{{"__tmp_port", "1234"}, {"__port1", "1234"}},
       "[{source_labels: [__tmp_port], action: dropequal, target_label: __port1}]", std::nullopt},
      {"dropequal of others", Labels{{"__tmp_port", "1234"}, {"__port2", "5678"}},
       "[{source_labels: [__tmp_port], action: dropequal, target_label: __port2}]",
       Labels{{"__tmp_port", "1234"}, {"__port2", "5678"}}},
      {"a value of several lines", Labels{{"a", "one\ntwo"}}, "[{source_labels: [a], regex: 'one.two', action: drop}]",
       std::nullopt},
      {"names of any letters", Labels{{"a b", "x"}}, "[{source_labels: ['a b'], target_label: 'gr\u00f6\u00dfe'}]",
       Labels{{"a b", "x"}, {"gr\u00f6\u00dfe", "x"}}},
  };
  for (const RelabelCase& c : cases) EXPECT_EQ(Relabel(c.labels, RulesOf(c.rules)), c.expected) << c.what;
}

TEST(RelabelTest, RefusesWhatPrometheusRefuses) {
  const std::pair<std::string, std::string> cases[] = {
      {"[{action: hashmod, target_label: d}]", "relabel configuration for hashmod requires non-zero modulus"},
      {"[{source_labels: [a]}]", "relabel configuration for replace action requires 'target_label' value"},
      {"[{source_labels: [a], action: lowercase}]",
       "relabel configuration for lowercase action requires 'target_label' value"},
      {"[{source_labels: [a], action: uppercase, target_label: b, replacement: x}]",
       "'replacement' can not be set for uppercase action"},
      {"[{action: labelmap, replacement: ''}]", "\"\" is invalid 'replacement' for labelmap action"},
      {"[{action: labeldrop, regex: a, source_labels: [b]}]",
       "labeldrop action requires only 'regex', and no other fields"},
      {"[{action: labelkeep, regex: a, modulus: 8}]", "labelkeep action requires only 'regex', and no other fields"},
      {"[{action: keepequal, source_labels: [a], target_label: b, regex: c}]",
       "keepequal action requires only 'source_labels' and `target_label`, and no other fields"},
      {"[{source_labels: [a], regex: 'a(', target_label: b}]", "error parsing regexp: "},
      {"[{action: forget}]", "r.yml: 1:11: unknown relabel action \"forget\""},
      {"[{target: b, target_label: c}]", "unknown field 'target'"},
      {"[{action: keep, modulus: -1}]", "field 'modulus' must not be negative"},
  };
  for (const auto& [rules, fault] : cases) EXPECT_THAT(FaultsOf(rules), HasSubstr(fault)) << rules;
}

TEST(RelabelTest, ActionsReadAsTheyPrint) {
  for (const std::string_view text : {"replace", "keep", "drop", "keepequal", "dropequal", "hashmod", "labelmap",
                                      "labeldrop", "labelkeep", "lowercase", "uppercase"}) {
    const auto action = ParseAction(text);
    ASSERT_TRUE(action.has_value()) << text;
    EXPECT_EQ(ActionText(*action), text);
  }
  EXPECT_FALSE(ParseAction("replaced").has_value());
}

}  // namespace
}  // namespace bellwether::relabel
