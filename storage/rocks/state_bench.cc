// The state store under many writers: batches of 1 to 1000 transitions, each batch synced.
//
//   storage_bench --benchmark_filter=StateBatch
//
// A transition is what the rules write for one alert: a key of 40 bytes, a value of 200. `syncs` is per batch: less
// than one where writers share them.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "storage/rocks/database.h"
#include "storage/rocks/rocks_state_store.h"

namespace bellwether::storage {
namespace {

// One store for all threads of a run.
struct StateBenchStore {
  StateBenchStore() {
    std::string pattern = (std::filesystem::current_path() / "state_bench_XXXXXX").string();
    path = mkdtemp(pattern.data());
    auto opened = Database::Open({.path = path}, clock);
    if (!opened.ok()) std::abort();
    database = std::move(*opened);
    store = NewRocksStateStore(database, clock);
  }
  ~StateBenchStore() {
    store.reset();
    database.reset();
    std::filesystem::remove_all(path);
  }

  std::string path;
  base::SystemClock clock;
  std::shared_ptr<Database> database;
  std::unique_ptr<StateStore> store;
};

std::unique_ptr<StateBenchStore> g_state_bench;  // Made and removed by thread 0, outside of the timed loop.

void StateBatchApply(benchmark::State& state) {
  if (state.thread_index() == 0) g_state_bench = std::make_unique<StateBenchStore>();
  const auto transitions = static_cast<std::size_t>(state.range(0));
  std::uint64_t number = 0;
  std::uint64_t syncs_before = 0;
  bool began = false;
  for (auto _ : state) {
    if (!began) {
      began = true;
      if (state.thread_index() == 0) syncs_before = g_state_bench->database->usage().syncs;
    }
    StateBatch batch;
    for (std::size_t i = 0; i < transitions; ++i) {
      std::string key = "rules/" + std::to_string(state.thread_index()) + "/" + std::to_string(number++ % 100'000);
      key.resize(40, '.');
      batch.Put(std::move(key), std::string(200, static_cast<char>('a' + number % 26)));
    }
    if (!g_state_bench->store->Apply(batch).ok()) std::abort();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(transitions));
  if (state.thread_index() == 0) {
    const std::uint64_t syncs = g_state_bench->database->usage().syncs - syncs_before;
    state.counters["syncs"] = static_cast<double>(syncs) / (static_cast<double>(state.iterations()) * state.threads());
    g_state_bench.reset();
  }
}
BENCHMARK(StateBatchApply)->Arg(1)->Arg(30)->Arg(1000)->ThreadRange(1, 16)->MeasureProcessCPUTime()->UseRealTime();

}  // namespace
}  // namespace bellwether::storage
