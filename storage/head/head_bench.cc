// The path of a remote write into the head: find 2,000 series by alias, append one sample to each; and what a series
// costs in memory.
#include <malloc.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "base/check.h"
#include "storage/chunk/merged_cursor.h"
#include "storage/head/head.h"

namespace bellwether::storage::head {
namespace {

constexpr std::size_t kRequestSeries = 2000;

// Ten labels, as an exporter on many machines has them: few metrics, one instance each, the rest shared.
metric::Labels BenchLabels(std::size_t i) {
  const std::size_t machine = i / 500;
  const std::size_t metric = i % 500;
  return metric::Labels{{"__name__", fmt::format("node_metric_{}_total", metric / 4)},
                        {"instance", fmt::format("machine-{:05}.example.net:9100", machine)},
                        {"job", "node"},
                        {"cluster", fmt::format("cluster-{}", machine % 4)},
                        {"region", machine % 2 == 0 ? "eu-west-1" : "us-east-1"},
                        {"environment", "production"},
                        {"team", "platform"},
                        {"device", fmt::format("device{}", metric % 4)},
                        {"mode", "read"},
                        {"pod", fmt::format("exporter-{:05}-abcde", machine)}};
}

// The labels as a remote write request names them.
std::string BenchAlias(const metric::Labels& labels) {
  std::string alias;
  for (const metric::LabelView& label : labels) {
    alias += fmt::format("\n{}\n{}{}\x12{}{}", static_cast<char>(label.name.size() + label.value.size() + 4),
                         static_cast<char>(label.name.size()), label.name, static_cast<char>(label.value.size()),
                         label.value);
  }
  return alias;
}

struct BenchHead {
  explicit BenchHead(std::size_t series) : head(HeadOptions{.hash_seed = 1}) {
    const std::size_t before = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
    for (std::size_t i = 0; i < series; ++i) {
      const metric::Labels labels = BenchLabels(i);
      const std::string alias = BenchAlias(labels);
      BW_CHECK(head.FindOrCreate(labels, alias).ok());
    }
    series_bytes = static_cast<double>(::mallinfo2().uordblks + ::mallinfo2().hblkhd - before);
    for (std::size_t i = 0; i < series; ++i) aliases.push_back(BenchAlias(BenchLabels(i)));
    samples.resize(kRequestSeries);
    refs.resize(kRequestSeries);
    views.resize(kRequestSeries);
  }

  // One scrape of all series, request by request.
  void Scrape(std::int64_t t) {
    for (std::size_t begin = 0; begin < aliases.size(); begin += kRequestSeries) {
      for (std::size_t i = 0; i < kRequestSeries; ++i) views[i] = aliases[begin + i];
      const Head::Pin pin = head.PinRefs();
      head.FindByAlias(views, refs);
      for (std::size_t i = 0; i < kRequestSeries; ++i) {
        const auto n = static_cast<std::int64_t>(begin + i);
        const double value = n % 4 == 0 ? 1 : static_cast<double>(t / 1000 * (n % 7) + (t / 15'000 * n) % 13);
        samples[i] = {refs[i], base::TimestampMs(t), value, {}};
      }
      head.Apply(samples, {}, TimeBounds(), applied);
      BW_CHECK(applied.result.TotalRefused() == 0);
      head.MarkDefined(applied.undefined, 1);
    }
  }

  Head head;
  double series_bytes = 0;
  std::vector<std::string> aliases;
  std::vector<std::string_view> views;
  std::vector<SeriesRef> refs;
  std::vector<FloatSample> samples;
  Applied applied;
};

void FindAndAppend(benchmark::State& state) {
  const auto series = static_cast<std::size_t>(state.range(0));
  BenchHead bench(series);
  const double before = static_cast<double>(::mallinfo2().uordblks + ::mallinfo2().hblkhd);
  std::int64_t t = 1'700'000'000'000;
  std::int64_t scrapes = 0;
  for (auto _ : state) {
    bench.Scrape(t);
    t += 15'000;
    ++scrapes;
  }
  const double after = static_cast<double>(::mallinfo2().uordblks + ::mallinfo2().hblkhd);
  const auto n = static_cast<double>(series);
  state.counters["ns/sample"] =
      benchmark::Counter(n * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["B/series:labels"] = bench.series_bytes / n;
  state.counters["B/series:samples"] = (after - before) / n;
  state.counters["scrapes"] = static_cast<double>(scrapes);
}
void FindOnly(benchmark::State& state) {
  const auto series = static_cast<std::size_t>(state.range(0));
  BenchHead bench(series);
  for (auto _ : state) {
    for (std::size_t begin = 0; begin < series; begin += kRequestSeries) {
      for (std::size_t i = 0; i < kRequestSeries; ++i) bench.views[i] = bench.aliases[begin + i];
      bench.head.FindByAlias(bench.views, bench.refs);
    }
  }
  state.counters["ns/sample"] = benchmark::Counter(
      static_cast<double>(series) * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(FindOnly)->Arg(2000)->Arg(100'000)->Arg(500'000)->Unit(benchmark::kMillisecond);
BENCHMARK(FindAndAppend)->Arg(2000)->Arg(100'000)->Arg(500'000)->Iterations(120)->Unit(benchmark::kMillisecond);

void SelectOneMetric(benchmark::State& state) {
  BenchHead bench(100'000);
  for (int i = 0; i < 300; ++i) bench.Scrape(1'700'000'000'000 + i * 15'000);
  const std::vector<metric::Matcher> matchers{metric::Matcher::Equal("__name__", "node_metric_7_total")};
  chunk::MergedCursor cursor;
  std::size_t samples = 0;
  for (auto _ : state) {
    samples = 0;
    const auto selection = bench.head.Select(matchers, {});
    while (selection->Next()) {
      cursor.Reset(selection->chunks(), base::TimestampMs::Min(), base::TimestampMs::Max());
      SampleBatch batch;
      while (cursor.Next(batch)) samples += batch.timestamps.size();
    }
  }
  state.counters["samples"] = static_cast<double>(samples);
  state.counters["ns/sample"] = benchmark::Counter(
      static_cast<double>(samples) * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(SelectOneMetric)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace bellwether::storage::head
