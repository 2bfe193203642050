// What evaluation costs apart from storage: queries of a dashboard over series that lie decoded in memory.
//
//   promql_query_bench [series] [hours]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "bench/column_storage.h"
#include "promql/engine.h"

namespace bellwether::bench {
namespace {

constexpr base::DurationMs kInterval = base::Seconds(15);

std::vector<Column> MakeColumns(int series, std::int64_t samples) {
  auto times = std::make_shared<std::vector<base::TimestampMs>>();
  for (std::int64_t s = 0; s < samples; ++s) times->emplace_back(kInterval.ms * s);
  std::vector<Column> columns;
  unsigned state = 12345;
  const auto random = [&] { return (state = state * 1664525u + 1013904223u) >> 16; };
  for (const char* name : {"c_total", "g"}) {
    for (int i = 0; i < series; ++i) {
      Column c;
      const std::string instance = "host-" + std::to_string(i / 20 + 1000);
      const std::string model = "model-" + std::to_string(i % 20 + 10);
      c.labels = metric::Labels({{"__name__", name}, {"instance", instance}, {"job", "serving"}, {"model", model}});
      c.times = times;
      double v = 0;
      for (std::int64_t s = 0; s < samples; ++s) {
        v = name[0] == 'g' ? static_cast<double>(random() % 1000) / 7 : (random() % 2000 == 0 ? 0 : v + random() % 50);
        c.values.push_back(v);
      }
      columns.push_back(std::move(c));
    }
  }
  std::sort(columns.begin(), columns.end(), [](const Column& a, const Column& b) { return a.labels < b.labels; });
  return columns;
}

int RunQueries(int series, int hours) {
  const std::int64_t samples = base::Hours(hours).ms / kInterval.ms + 1;
  ColumnStorage storage(MakeColumns(series, samples));
  base::SystemClock clock;
  base::MetricsRegistry metrics;
  const promql::Engine engine(promql::EngineOptions{}, clock, metrics);
  const base::TimestampMs end(base::Hours(hours).ms);
  constexpr const char* kQueries[] = {
      "g",
      "sum by (model) (rate(c_total[5m]))",
      "sum by (model) (rate(c_total[5m])) / sum by (model) (rate(c_total[10m]))",
      "rate(c_total[5m]) * on (instance, model) group_left () g",
      "avg_over_time(g[1h])",
      "max by (model) (max_over_time(g[1h]))",
      "stddev_over_time(g[30m])",
      "quantile_over_time(0.9, g[30m])",
      "topk(5, avg_over_time(g[1h]))",
      "max_over_time(sum by (model) (rate(c_total[5m]))[1h:1m])",
      "abs(g - g offset 1h) > 10",
  };
  std::printf("%d series of each metric, %d h at 15 s, step 60 s\n", series, hours);
  for (const char* query : kQueries) {
    double best = 1e9;
    std::uint64_t read = 0;
    for (int i = 0; i < 3; ++i) {
      const auto began = std::chrono::steady_clock::now();
      const auto result = engine.Range(storage, query, base::TimestampMs(base::Hours(1).ms), end, base::Seconds(60));
      const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
      if (!result.ok()) {
        std::printf("%s: %s\n", query, result.status().ToString().c_str());
        return 1;
      }
      best = std::min(best, took.count());
      read = result->stats.samples_read;
    }
    std::printf("%9.1f ms %7.2f ns/sample read  %s\n", best,
                best * 1e6 / static_cast<double>(std::max<std::uint64_t>(read, 1)), query);
  }
  return 0;
}

}  // namespace
}  // namespace bellwether::bench

int main(int argc, char** argv) {
  const int series = argc > 1 ? std::atoi(argv[1]) : 1000;
  const int hours = argc > 2 ? std::atoi(argv[2]) : 6;
  return bellwether::bench::RunQueries(series, hours);
}
