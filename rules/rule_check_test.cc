#include "rules/rule_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "rules/unit_tests.h"

namespace bellwether::rules {
namespace {

using testing::ElementsAre;

// Files by name, in a folder of their own.
class RuleCheckTest : public testing::Test {
 protected:
  RuleCheckTest() : folder_(testing::TempDir() + "bellwether-rule-check/") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~RuleCheckTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) const { std::ofstream(folder_ + name) << text; }

  // What is said of each file, the folder left out: "2 rules", or its faults.
  [[nodiscard]] std::vector<std::string> Check(const std::map<std::string, std::string>& rules_by_file) const {
    std::vector<std::string> paths;
    for (const auto& [name, rules] : rules_by_file) {
      Write(name, "groups:\n- {name: g, rules: [" + rules + "]}");
      paths.push_back(folder_ + name);
    }
    std::vector<std::string> said;
    for (const auto& checked : CheckRuleFiles(paths, {})) {
      said.push_back(checked.ok() ? std::to_string(*checked) + " rules" : WithoutFolder(checked.status().message()));
    }
    return said;
  }

  [[nodiscard]] std::string WithoutFolder(std::string text) const {
    for (auto at = text.find(folder_); at != std::string::npos; at = text.find(folder_)) text.erase(at, folder_.size());
    return text;
  }

  const std::string folder_;
};

TEST_F(RuleCheckTest, AnotherFileMayHaveTheAlert) {
  EXPECT_THAT(Check({{"a.yml", "{alert: Model, expr: x, depends_on: [{alert: Pipeline, through: topology}]}"},
                     {"b.yml", "{alert: Pipeline, expr: y}"}}),
              ElementsAre("1 rules", "1 rules"));
}

TEST_F(RuleCheckTest, NamesAlertsThatNoneOfTheFilesHas) {
  EXPECT_THAT(Check({{"a.yml", "{alert: Model, expr: x, depends_on: [{alert: Pipelin, through: topology}]}"},
                     {"b.yml", "{alert: Pipeline, expr: y}"}}),
              ElementsAre("a.yml: 2:58: \"Model\": no rule file has an alert \"Pipelin\", did you mean 'Pipeline'?",
                          "1 rules"));
  EXPECT_THAT(Check({{"a.yml", "{alert: A, match_on: [m], signals: {s: {expr: x > 0}, t: {alert: Nobody}}, when: s}"}}),
              ElementsAre("a.yml: 2:75: \"A\": no rule file has an alert \"Nobody\""));
}

TEST_F(RuleCheckTest, NamesAlertsThatWaitForThemselvesAcrossFiles) {
  EXPECT_THAT(Check({{"a.yml", "{alert: A, expr: x, depends_on: [{alert: B, equal: [model]}]}"},
                     {"b.yml", "{alert: B, expr: y, depends_on: [{alert: A, equal: [model]}]}"}}),
              ElementsAre("1 rules", "b.yml: 2:54: \"B\": alerts wait for one another: A -> B -> A"));
  EXPECT_THAT(Check({{"a.yml",
                      "{alert: A, match_on: [m], signals: {s: {expr: x > 0}, t: {alert: B}}, when: s and t}, "
                      "{alert: B, match_on: [m], signals: {s: {expr: x > 0}, t: {alert: A}}, when: s and t}"}}),
              ElementsAre("a.yml: 2:161: \"B\": alerts wait for one another: A -> B -> A"));
}

TEST_F(RuleCheckTest, LeavesReferencesOfFaultyFilesAlone) {
  EXPECT_THAT(Check({{"a.yml", "{alert: A, expr: x, depends_on: [{alert: B, equal: [model]}]}"},
                     {"b.yml", "{alert: B, expr: '('}"}}),
              ElementsAre("1 rules", testing::HasSubstr("b.yml: 2:")));
}

TEST_F(RuleCheckTest, UnitTestsRunNoRulesThatNameWhatIsNotThere) {
  Write("a.yml", "groups: [{name: g, rules: [{alert: A, expr: x, depends_on: [{alert: B, equal: [model]}]}]}]");
  Write("tests.yml", "rule_files: [a.yml]\ntests: [{}]");
  const RuleTestReport report = RunRuleTests(folder_ + "tests.yml", {});
  ASSERT_EQ(report.faults.size(), 1u);
  EXPECT_EQ(WithoutFolder(report.faults[0]), "a.yml: 1:61: \"A\": no rule file has an alert \"B\"");
  EXPECT_THAT(report.tests, testing::IsEmpty());
}

}  // namespace
}  // namespace bellwether::rules
