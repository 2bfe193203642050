// What the peers' own commands say of their rule files and rule unit tests: shared/conformance beside the checkout.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "rules/rule_check.h"
#include "rules/unit_tests.h"

namespace bellwether::rules {
namespace {

std::filesystem::path ConformanceFolder() {
  std::filesystem::path folder = std::filesystem::current_path();
  for (; !folder.empty() && folder != folder.root_path(); folder = folder.parent_path()) {
    if (std::filesystem::exists(folder / "shared/conformance/expected.tsv")) return folder / "shared/conformance";
  }
  return {};
}

struct ConformanceCase {
  std::string file;
  bool good = false;
  std::string reason;
};

// Those of one command. Empty where the folder is not there.
std::vector<ConformanceCase> CasesOf(const std::string& wanted_command) {
  std::vector<ConformanceCase> cases;
  const std::filesystem::path folder = ConformanceFolder();
  if (folder.empty()) return cases;
  std::ifstream table(folder / "expected.tsv");
  for (std::string line; std::getline(table, line);) {
    std::istringstream columns(line);
    std::string file, command, answer, reason;
    std::getline(columns, file, '\t');
    std::getline(columns, command, '\t');
    std::getline(columns, answer, '\t');
    std::getline(columns, reason);
    if (command != wanted_command) continue;
    while (reason.ends_with(' ')) reason.pop_back();
    cases.push_back({(folder / file).string(), answer == "ok" || answer == "pass", reason});
  }
  return cases;
}

TEST(RuleConformanceTest, ChecksAsTheReferenceCommandDoes) {
  const std::vector<ConformanceCase> cases = CasesOf("check rules");
  if (cases.empty()) GTEST_SKIP() << "no shared/conformance beside the checkout";
  for (const ConformanceCase& c : cases) {
    const auto checked = CheckRuleFiles({c.file}, {}).front();
    EXPECT_EQ(checked.ok(), c.good) << c.file << ": " << checked.status().message();
    // The reason behind the last position and rule, where theirs is a fault of a rule.
    const std::size_t rule = c.reason.find("\": ");
    if (c.good || c.file.ends_with("promtool/features.yml") || rule == std::string::npos) continue;
    const std::string text = c.reason.substr(rule + 3);
    EXPECT_NE(checked.status().message().find(text), std::string::npos)
        << c.file << ": " << checked.status().message() << "\nwanted: " << text;
  }
  EXPECT_GT(cases.size(), 35u);
}

TEST(RuleConformanceTest, TestsAsTheReferenceCommandDoes) {
  const std::vector<ConformanceCase> cases = CasesOf("test rules");
  if (cases.empty()) GTEST_SKIP() << "no shared/conformance beside the checkout";
  for (const ConformanceCase& c : cases) {
    const RuleTestReport report = RunRuleTests(c.file, {});
    std::string said;
    for (const std::string& fault : report.faults) said += fault + "\n";
    for (const RuleTestResult& test : report.tests) {
      for (const std::string& failure : test.failures) said += failure + "\n";
    }
    EXPECT_EQ(report.ok(), c.good) << c.file << ":\n" << said;
  }
  EXPECT_GT(cases.size(), 13u);
}

}  // namespace
}  // namespace bellwether::rules
