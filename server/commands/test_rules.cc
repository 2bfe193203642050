#include "server/commands/test_rules.h"

#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "rules/unit_tests.h"
#include "server/commands/junit.h"
#include "server/commands/test_surroundings.h"
#include "server/features.h"

namespace bellwether::server {
namespace {

struct TestFlags {
  std::vector<std::string> files;
  std::vector<std::string> run;
  std::vector<std::string> features;
  std::string junit;
  bool debug = false;
  bool differences = false;
  bool ignore_unknown_fields = false;
  bool coverage = false;
  double coverage_min = 0;
};

void Print(const rules::RuleTestReport& report) {
  for (const std::string& warning : report.warnings) fmt::print("  WARNING: {}\n", warning);
  if (report.ok()) {
    fmt::print("  SUCCESS\n\n");
    return;
  }
  fmt::print("  FAILED:\n");
  for (const std::string& fault : report.faults) fmt::print("{}\n", fault);
  for (const rules::RuleTestResult& test : report.tests) {
    for (const std::string& failure : test.failures) fmt::print("{}\n", failure);
  }
  fmt::print("\n");
}

// Prints which rules no test had anything to say about. Whether `least` per cent are covered.
bool PrintCoverage(const std::vector<rules::RuleTestReport>& reports, double least) {
  std::map<std::tuple<std::string, std::string, std::string>, bool> rules;
  for (const rules::RuleTestReport& report : reports) {
    for (const rules::RuleCoverage& rule : report.coverage) {
      bool& covered = rules[{rule.file, rule.group, rule.rule}];
      covered = covered || rule.covered;
    }
  }
  std::size_t covered = 0;
  for (const auto& [rule, is_covered] : rules) covered += is_covered ? 1 : 0;
  const double share = rules.empty() ? 100 : 100.0 * static_cast<double>(covered) / static_cast<double>(rules.size());
  fmt::print("Coverage: {} of {} rules, {:.1f} %\n", covered, rules.size(), share);
  for (const auto& [rule, is_covered] : rules) {
    if (!is_covered) fmt::print("  no test: {}; {}; {}\n", std::get<0>(rule), std::get<1>(rule), std::get<2>(rule));
  }
  if (share >= least) return true;
  fmt::print("  FAILED: at least {} % are asked for\n", least);
  return false;
}

bool WriteText(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out.fail()) return true;
  fmt::print(stderr, "cannot write {}\n", path);
  return false;
}

int TestRules(const TestFlags& flags) {
  rules::RuleTestOptions options;
  for (const std::string& unknown : ApplyFeatures(flags.features, options.engine)) {
    fmt::print(stderr, "unknown feature in --enable-feature: {}\n", unknown);
  }
  auto filter = rules::TestFilter::Make(flags.run);
  if (!filter.ok()) {
    fmt::print(stderr, "--run: {}\n", filter.status().message());
    return 1;
  }
  options.filter = *std::move(filter);
  SurroundingsMaker surroundings;
  options.surroundings = &surroundings;
  options.ignore_unknown_fields = flags.ignore_unknown_fields;
  options.show_differences = flags.differences;
  if (flags.debug) options.trace = [](const std::string& line) { fmt::print("  DEBUG: {}\n", line); };

  std::vector<rules::RuleTestReport> reports;
  bool good = true;
  for (const std::string& file : flags.files) {
    fmt::print("Unit Testing:  {}\n", file);
    reports.push_back(rules::RunRuleTests(file, options));
    Print(reports.back());
    good = good && reports.back().ok();
  }
  if (flags.coverage || flags.coverage_min > 0) good = PrintCoverage(reports, flags.coverage_min) && good;
  if (!flags.junit.empty()) good = WriteText(flags.junit, JunitXml(reports)) && good;
  return good ? 0 : 1;
}

}  // namespace

void AddTestCommand(CLI::App& app, std::function<int()>& run) {
  CLI::App* test = app.add_subcommand("test", "Run unit tests");
  test->require_subcommand(1);
  const auto flags = std::make_shared<TestFlags>();
  CLI::App* command = test->add_subcommand("rules", "Unit tests of rules, in promtool's format");
  command->add_option("FILE", flags->files, "Test files")->required();
  command->add_option("--run", flags->run, "Only tests whose name has a match of one of these regular expressions")
      ->allow_extra_args(false);
  AddFeatureFlag(*command, flags->features);
  command->add_flag("--debug", flags->debug, "Print what each evaluation did");
  command->add_flag("--diff", flags->differences, "Of a failure print what lacks (-) and what is too much (+)");
  command->add_flag("--ignore-unknown-fields", flags->ignore_unknown_fields,
                    "Take unknown fields of the files for comments");
  command->add_option("--junit", flags->junit, "Write the results as JUnit XML to this file");
  command->add_flag("--coverage", flags->coverage, "Print the rules that no test has anything to say about");
  command
      ->add_option("--coverage-min", flags->coverage_min,
                   "Fail where less than this share of the rules is covered, in per cent")
      ->check(CLI::Range(0.0, 100.0));
  command->callback([flags, &run] { run = [flags] { return TestRules(*flags); }; });
}

}  // namespace bellwether::server
