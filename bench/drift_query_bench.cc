// A dashboard of drift: psi of 1,000 features with 50 buckets each against a reference, over a day at steps of 5
// minutes, from 72 million samples that lie decoded in memory. The second benchmark is the same query without the
// comparison.

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "bench/column_storage.h"
#include "promql/engine.h"

namespace bellwether::bench {
namespace {

constexpr int kFeatures = 1000;
constexpr int kBuckets = 50;
constexpr base::DurationMs kScrape = base::Minutes(1);

std::vector<Column> MakeFeatures() {
  auto times = std::make_shared<std::vector<base::TimestampMs>>();
  for (base::TimestampMs t(0); t <= base::TimestampMs(base::Hours(24).ms); t = t + kScrape) times->push_back(t);
  unsigned state = 4711;
  const auto random = [&] { return (state = state * 1664525u + 1013904223u) >> 16; };
  std::vector<Column> columns;
  for (const std::string name : {"reference_bucket", "x_bucket"}) {
    for (int feature = 0; feature < kFeatures; ++feature) {
      std::vector<double> below(times->size());  // Cumulative over the buckets so far, at each time.
      for (int bucket = 0; bucket < kBuckets; ++bucket) {
        Column c;
        c.labels = metric::Labels({{"__name__", name},
                                   {"model", "m" + std::to_string(feature / 50)},
                                   {"feature", "f" + std::to_string(feature)},
                                   {"le", bucket + 1 == kBuckets ? "+Inf" : std::to_string(bucket + 1)}});
        c.times = times;
        double count = name[0] == 'r' ? 1000 + random() % 500 : 0;
        for (std::size_t i = 0; i < times->size(); ++i) {
          if (name[0] == 'x') count += random() % 8;
          c.values.push_back(below[i] += count);
        }
        columns.push_back(std::move(c));
      }
    }
  }
  return columns;
}

void Query(benchmark::State& state, const std::string& query) {
  static ColumnStorage storage(MakeFeatures());
  base::SystemClock clock;
  base::MetricsRegistry metrics;
  promql::EngineOptions options;
  options.max_samples = 200'000'000;
  const promql::Engine engine(options, clock, metrics);
  std::uint64_t read = 0;
  for (auto _ : state) {
    const auto result = engine.Range(storage, query, base::TimestampMs(base::Hours(1).ms),
                                     base::TimestampMs(base::Hours(24).ms), base::Minutes(5));
    if (!result.ok()) return state.SkipWithError(result.status().message().c_str());
    read = result->stats.samples_read;
  }
  state.counters["samples_read"] = static_cast<double>(read);
}

void Psi(benchmark::State& state) {
  Query(state, "psi(sum by (model, feature, le) (increase(x_bucket[1h])), reference_bucket)");
}
void WithoutPsi(benchmark::State& state) {
  Query(state, "count(sum by (model, feature, le) (increase(x_bucket[1h]))) + count(reference_bucket)");
}
void KsPValues(benchmark::State& state) {
  Query(state, "ks_pvalue(sum by (model, feature, le) (increase(x_bucket[1h])), reference_bucket)");
}
BENCHMARK(WithoutPsi)->Unit(benchmark::kMillisecond);
BENCHMARK(Psi)->Unit(benchmark::kMillisecond);
BENCHMARK(KsPValues)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace bellwether::bench
