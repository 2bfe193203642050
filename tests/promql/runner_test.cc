// Runs our own scripts, all of which must pass, and Prometheus's, of which no fewer may pass than floor.tsv says.
//
// BW_PROMQLTEST_FAILURES=1 prints every failing case; a part of a file's name instead of 1 restricts that to such
// files.
#include "tests/promql/runner.h"

#include <cstdlib>
#include <fstream>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "storage/open.h"
#include "tests/promql/script_files.h"

namespace bellwether::promqltest {
namespace {

// Scripts live near the epoch; some evaluate before it.
constexpr base::TimestampMs kNow(base::Days(365).ms);

class ScriptRunner {
 public:
  ScriptRunner() : clock_(kNow), engine_(ScriptEngineOptions(), clock_, metrics_) {}

  base::Result<ScriptResult> Run(const ScriptFile& file) {
    return RunScript(file.text, engine_, [this] {
      storage::StorageOptions options;
      options.retention = base::DurationMs();
      return storage::NewMemoryStorage(options, clock_, metrics_);
    });
  }

 private:
  base::SimulatedClock clock_;
  base::MetricsRegistry metrics_;
  promql::Engine engine_;
};

std::string Describe(const ScriptFile& file, const CaseFailure& failure) {
  return fmt::format("{}:{}: {}\n    {}", file.name, failure.line, failure.expr, failure.reason);
}

bool ShowsFailuresOf(const ScriptFile& file) {
  const char* wanted = std::getenv("BW_PROMQLTEST_FAILURES");
  if (wanted == nullptr) return false;
  return std::string_view(wanted) == "1" || file.name.find(wanted) != std::string::npos;
}

std::map<std::string, std::size_t> Floors() {
  std::map<std::string, std::size_t> floors;
  std::ifstream in("tests/promql/floor.tsv");
  std::string file;
  std::size_t passed = 0;
  while (in >> file >> passed) floors[file] = passed;
  return floors;
}

TEST(PromqlScripts, OwnCasesPass) {
  const auto files = OwnScripts();
  ASSERT_FALSE(files.empty());
  for (const ScriptFile& file : files) {
    const auto result = ScriptRunner().Run(file);
    ASSERT_TRUE(result.ok()) << file.name << ": " << result.status().message();
    EXPECT_GT(result->total, 0u) << file.name;
    for (const CaseFailure& failure : result->failures) ADD_FAILURE() << Describe(file, failure);
  }
}

TEST(PromqlScripts, ConformanceHoldsTheFloor) {
  const auto files = ConformanceScripts();
  if (files.empty()) GTEST_SKIP() << "../shared/conformance/promqltest is not there";
  const auto floors = Floors();
  std::size_t passed = 0;
  std::size_t total = 0;
  for (const ScriptFile& file : files) {
    const auto result = ScriptRunner().Run(file);
    ASSERT_TRUE(result.ok()) << file.name << ": " << result.status().message();
    fmt::print("{:<28} {:>4}/{}\n", file.name, result->passed, result->total);
    passed += result->passed;
    total += result->total;
    const auto floor = floors.find(file.name);
    EXPECT_GE(result->passed, floor == floors.end() ? 0 : floor->second) << file.name << " fell below its floor";
    if (!ShowsFailuresOf(file)) continue;
    for (const CaseFailure& failure : result->failures) fmt::print("{}\n", Describe(file, failure));
  }
  fmt::print("{:<28} {:>4}/{}\n", "all", passed, total);
}

TEST(PromqlScripts, AFailingCaseIsTold) {
  const ScriptFile file{"wrong.test", "load 1m\n a 1\n\neval instant at 0 a\n a 2\n\neval instant at 0 a\n a 1\n"};
  const auto result = ScriptRunner().Run(file);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->total, 2u);
  EXPECT_EQ(result->passed, 1u);
  ASSERT_EQ(result->failures.size(), 1u);
  EXPECT_EQ(result->failures[0].line, 4u);
  EXPECT_EQ(result->failures[0].reason, "expected 2 for a, got 1");
}

}  // namespace
}  // namespace bellwether::promqltest
