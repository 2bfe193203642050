// rules/unit_tests.h
//
// Unit tests of rules: promtool's test files, run on the real rule groups over a store in memory and a simulated clock.
// A file names rule files, and tests of input series, the alerts expected to fire, and the results expected of
// expressions. Every test begins with an empty store.
//
// Source of the format: Prometheus docs/configuration/unit_testing_rules.md; differences in docs/alerting.md.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "promql/engine.h"
#include "rules/rule_manager.h"
#include "rules/test_surroundings.h"

namespace bellwether::rules {

// Which tests to run, by name. Cheap to copy.
class TestFilter {
 public:
  TestFilter() = default;  // All of them.
  // Those whose name has a match of any of the regular expressions (RE2, not anchored). kInvalidArgument names the bad
  // one.
  [[nodiscard]] static base::Result<TestFilter> Make(const std::vector<std::string>& regexes);

  [[nodiscard]] bool Takes(std::string_view name) const;

 private:
  struct Regexes;
  std::shared_ptr<const Regexes> regexes_;
};

struct RuleTestOptions {
  promql::EngineOptions engine;  // Features; lookback and limits as the server has them.
  bool ignore_unknown_fields = false;
  bool show_differences = false;  // A failure lists what lacks and what is too much, instead of both lists.
  TestFilter filter;
  TestSurroundingsMaker* surroundings = nullptr;       // Null: no topology, and every alert is told.
  std::function<void(const std::string& line)> trace;  // Told what each evaluation did, if set.
};

struct RuleTestResult {
  std::string name;
  std::vector<std::string> failures;  // Texts of several lines; empty: it passed.
  double seconds = 0;                 // That it took.
};

// Whether tests had anything to say about a rule: of an alerting rule, some test expects it to fire; of a recording
// rule, it recorded something in some test.
struct RuleCoverage {
  std::string file;
  std::string group;
  std::string rule;
  bool alerting = false;
  bool covered = false;
};

struct RuleTestReport {
  std::string file;
  std::vector<std::string> warnings;
  std::vector<std::string> faults;  // Of the file itself or of a rule file: nothing was run.
  std::vector<RuleTestResult> tests;
  std::vector<RuleCoverage> coverage;  // In the order of the rule files; also when tests failed.

  [[nodiscard]] bool ok() const;
};

// Runs the tests of the file at `path`.
[[nodiscard]] RuleTestReport RunRuleTests(const std::string& path, const RuleTestOptions& options);

}  // namespace bellwether::rules
