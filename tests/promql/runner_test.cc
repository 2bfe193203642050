// Runs our own scripts, all of which must pass, and Prometheus's, of which no fewer may pass than floor.tsv says.
//
// BW_PROMQLTEST_FAILURES=1 prints every failing case; a part of a file's name instead of 1 restricts that to such
// files.
#include "tests/promql/runner.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "promql/parser/function_signatures.h"
#include "storage/open.h"
#include "tests/promql/script_files.h"

namespace bellwether::promqltest {
namespace {

// Scripts live near the epoch; some evaluate before it.
constexpr base::TimestampMs kNow(base::Days(365).ms);

enum class Store {
  kMemory,
  kRocks,            // All that is past sealed after each load.
  kRocksRestarted,   // Closed and opened after each load.
  kRocksTwoSamples,  // Chunks of two samples: every boundary between chunks is crossed.
};

std::string StoreName(const testing::TestParamInfo<Store>& store) {
  switch (store.param) {
    case Store::kMemory: return "Memory";
    case Store::kRocks: return "Rocks";
    case Store::kRocksRestarted: return "RocksRestarted";
    case Store::kRocksTwoSamples: break;
  }
  return "RocksTwoSamples";
}

// Where a RocksDB store lives while a script uses it.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bw_promqltest_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class ScriptRunner {
 public:
  explicit ScriptRunner(Store store) : store_(store), clock_(kNow), engine_(ScriptEngineOptions(), clock_, metrics_) {}

  base::Result<ScriptResult> Run(const ScriptFile& file) {
    return RunScript(
        file.text, engine_, [this] { return NewStorage(); },
        [this](std::unique_ptr<storage::Storage> loaded) { return AfterLoad(std::move(loaded)); });
  }

 private:
  // A script clears its storage often; each of them gets its folder and its metrics.
  std::unique_ptr<storage::Storage> NewStorage() {
    if (store_ == Store::kMemory) {
      storage::StorageOptions options;
      options.retention = base::DurationMs();
      return storage::NewMemoryStorage(options, clock_, metrics_);
    }
    ++folders_;
    return OpenStorage();
  }

  std::unique_ptr<storage::Storage> AfterLoad(std::unique_ptr<storage::Storage> loaded) {
    if (store_ == Store::kRocksRestarted) {
      EXPECT_TRUE(loaded->Sync().ok());
      loaded.reset();
      state_stores_.pop_back();
      return OpenStorage();
    }
    if (store_ == Store::kRocks) {
      EXPECT_TRUE(loaded->Maintain().ok());
    }
    return loaded;
  }

  // The folder made last.
  std::unique_ptr<storage::Storage> OpenStorage() {
    storage::StorageOptions options;
    options.retention = base::DurationMs();
    options.path = scratch_.path() + "/" + std::to_string(folders_);
    options.sync = storage::SyncPolicy::kOff;
    if (store_ == Store::kRocksTwoSamples) options.chunk_samples_max = 2;
    options.background_thread = false;
    auto opened = storage::OpenRocksStorage(options, clock_, *rocks_metrics_.emplace_back(NewRegistry()));
    if (!opened.ok()) {
      ADD_FAILURE() << opened.status().message();
      return nullptr;
    }
    state_stores_.push_back(std::move(opened->state));
    return std::move(opened->storage);
  }

  static std::unique_ptr<base::MetricsRegistry> NewRegistry() { return std::make_unique<base::MetricsRegistry>(); }

  const Store store_;
  ScratchFolder scratch_;
  int folders_ = 0;
  base::SimulatedClock clock_;
  base::MetricsRegistry metrics_;
  std::vector<std::unique_ptr<base::MetricsRegistry>> rocks_metrics_;
  std::vector<std::unique_ptr<storage::StateStore>> state_stores_;
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

class PromqlScripts : public testing::TestWithParam<Store> {};

TEST_P(PromqlScripts, OwnCasesPass) {
  const auto files = OwnScripts();
  ASSERT_FALSE(files.empty());
  for (const ScriptFile& file : files) {
    const auto result = ScriptRunner(GetParam()).Run(file);
    ASSERT_TRUE(result.ok()) << file.name << ": " << result.status().message();
    EXPECT_GT(result->total, 0u) << file.name;
    for (const CaseFailure& failure : result->failures) ADD_FAILURE() << Describe(file, failure);
  }
}

TEST_P(PromqlScripts, ConformanceHoldsTheFloor) {
  const auto files = ConformanceScripts();
  if (files.empty()) GTEST_SKIP() << "../shared/conformance/promqltest is not there";
  const auto floors = Floors();
  std::size_t passed = 0;
  std::size_t total = 0;
  for (const ScriptFile& file : files) {
    const auto result = ScriptRunner(GetParam()).Run(file);
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

INSTANTIATE_TEST_SUITE_P(Stores, PromqlScripts,
                         testing::Values(Store::kMemory, Store::kRocks, Store::kRocksRestarted,
                                         Store::kRocksTwoSamples),
                         StoreName);

TEST(FunctionExamples, ShowEveryFunctionForModels) {
  const std::string page = FunctionExamples().text;
  for (const promql::FunctionSignature& function : promql::AllFunctions()) {
    if (!function.for_models) continue;
    EXPECT_NE(page.find(" " + std::string(function.name) + "("), std::string::npos) << function.name;
  }
}

TEST(ScriptRunner, AFailingCaseIsTold) {
  const ScriptFile file{"wrong.test", "load 1m\n a 1\n\neval instant at 0 a\n a 2\n\neval instant at 0 a\n a 1\n"};
  const auto result = ScriptRunner(Store::kMemory).Run(file);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->total, 2u);
  EXPECT_EQ(result->passed, 1u);
  ASSERT_EQ(result->failures.size(), 1u);
  EXPECT_EQ(result->failures[0].line, 4u);
  EXPECT_EQ(result->failures[0].reason, "expected 2 for a, got 1");
}

}  // namespace
}  // namespace bellwether::promqltest
