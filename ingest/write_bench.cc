// A remote-write request from its compressed bytes to the journal, whole and by stage: 50,000 series of a fleet of
// model servers, requests of 2,000 series with one sample each, as a scrape sends them.
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <snappy.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "ingest/wire/snappy_block.h"
#include "ingest/wire/write_request_v1.h"
#include "ingest/write_handler.h"
#include "storage/open.h"

namespace bellwether::ingest {
namespace {

constexpr std::size_t kSeries = 50'000;
constexpr std::size_t kRequestSeries = 2000;
constexpr std::size_t kSeriesPerInstance = 70;

void AppendBytesField(std::string& out, int number, std::string_view bytes) {
  base::AppendVarint(out, static_cast<std::uint64_t>(number) << 3 | 2);
  base::AppendLengthPrefixed(out, bytes);
}

void AppendLabelField(std::string& out, std::string_view name, std::string_view value) {
  std::string label;
  AppendBytesField(label, 1, name);
  AppendBytesField(label, 2, value);
  AppendBytesField(out, 1, label);
}

// The label fields of one series.
std::string BenchLabelFields(std::size_t i) {
  const std::size_t instance = i / kSeriesPerInstance;
  const std::size_t metric = i % kSeriesPerInstance;
  std::string out;
  AppendLabelField(out, "__name__", metric < 20 ? "ml_model_latency_seconds_bucket" : "ml_feature_category_total");
  if (metric >= 20) AppendLabelField(out, "category", std::string(1, static_cast<char>('a' + metric % 3)));
  if (metric >= 20) AppendLabelField(out, "feature", fmt::format("feature_{}", metric / 3));
  AppendLabelField(out, "instance", fmt::format("serving-{:05}.cluster-{}.example:8080", instance, instance % 4));
  AppendLabelField(out, "job", "model-serving");
  if (metric < 20) AppendLabelField(out, "le", fmt::format("{}", 0.005 * static_cast<double>(metric + 1)));
  AppendLabelField(out, "model", fmt::format("model-{:02}", instance % 40));
  AppendLabelField(out, "team", fmt::format("team-{}", instance % 7));
  AppendLabelField(out, "version", fmt::format("v{}", 1 + instance / 40 % 3));
  return out;
}

// What the fleet sends, request by request: counters, decimal gauges, constants.
class Fleet {
 public:
  Fleet() : values_(kSeries, 1000.0) {
    for (std::size_t i = 0; i < kSeries; ++i) labels_.push_back(BenchLabelFields(i));
  }

  // The next request; after the last of a scrape comes the first of the one 15 s later.
  std::string_view Next() {
    message_.clear();
    std::string series;
    for (std::size_t i = at_; i < at_ + kRequestSeries; ++i) {
      series = labels_[i];
      std::string sample;
      const double value = NextValue(i);
      sample.push_back(1 << 3 | 1);
      sample.append(reinterpret_cast<const char*>(&value), sizeof(value));
      sample.push_back(2 << 3);
      base::AppendVarint(sample, static_cast<std::uint64_t>(time_));
      AppendBytesField(series, 2, sample);
      AppendBytesField(message_, 1, series);
    }
    at_ += kRequestSeries;
    if (at_ == kSeries) {
      at_ = 0;
      time_ += 15'000;
    }
    snappy::Compress(message_.data(), message_.size(), &body_);
    return body_;
  }

 private:
  double NextValue(std::size_t i) {
    double& v = values_[i];
    switch (i % 4) {
      case 0: v += static_cast<double>(random_() % 400); break;
      case 1: v += static_cast<double>(random_() % 8 == 0); break;
      case 2: v = std::round((v + static_cast<double>(random_() % 1000) / 1e4) * 1e4) / 1e4; break;
      default: break;
    }
    return v;
  }

  std::vector<std::string> labels_;
  std::vector<double> values_;
  std::minstd_rand random_{1};
  std::int64_t time_ = 1'700'000'000'000;
  std::size_t at_ = 0;
  std::string message_;
  std::string body_;
};

std::vector<std::string> OneScrape() {
  Fleet fleet;
  std::vector<std::string> bodies;
  for (std::size_t i = 0; i < kSeries / kRequestSeries; ++i) bodies.emplace_back(fleet.Next());
  return bodies;
}

void CountSamples(benchmark::State& state) {
  state.counters["ns/sample"] = benchmark::Counter(
      kRequestSeries * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void OpenBlock(benchmark::State& state) {
  const std::vector<std::string> bodies = OneScrape();
  std::string buffer;
  std::size_t i = 0;
  for (auto _ : state) {
    BW_CHECK(OpenSnappyBlock(bodies[i++ % bodies.size()], 32u << 20, buffer).ok());
  }
  CountSamples(state);
}
BENCHMARK(OpenBlock)->Unit(benchmark::kMicrosecond);

template <auto Reader>
void OpenWith(benchmark::State& state) {
  const std::vector<std::string> bodies = OneScrape();
  std::string buffer;
  WireRequest request;
  std::size_t i = 0;
  for (auto _ : state) {
    const auto message = OpenSnappyBlock(bodies[i++ % bodies.size()], 32u << 20, buffer);
    BW_CHECK(message.ok() && Reader(*message, request).ok());
    BW_CHECK(request.samples.size() == kRequestSeries);
  }
  CountSamples(state);
}
BENCHMARK(OpenWith<ReadWriteRequestV1>)->Name("OpenAndRead")->Unit(benchmark::kMicrosecond);
BENCHMARK(OpenWith<SkimWriteRequestV1>)->Name("OpenAndSkim")->Unit(benchmark::kMicrosecond);

// Until the kernel has the record.
void HandleRequest(benchmark::State& state) {
  const std::string path =
      fmt::format("{}/bellwether_write_bench.{}", std::filesystem::temp_directory_path().string(), ::getpid());
  {
    base::SimulatedClock clock{base::TimestampMs(1'700'000'000'000)};
    base::MetricsRegistry metrics;
    storage::StorageOptions options;
    options.path = path;
    options.sync = storage::SyncPolicy::kOff;
    options.future_limit = base::Days(365);
    auto opened = storage::OpenRocksStorage(options, clock, metrics);
    BW_CHECK(opened.ok());
    WriteHandler handler({}, *opened->storage, metrics);
    Fleet fleet;
    const auto send = [&](std::string_view body) {
      BW_CHECK(handler.Handle({body, "application/x-protobuf", "snappy"}).http_status == 204);
    };
    for (std::size_t i = 0; i < kSeries / kRequestSeries; ++i) send(fleet.Next());
    for (auto _ : state) {
      state.PauseTiming();
      const std::string_view body = fleet.Next();
      state.ResumeTiming();
      send(body);
    }
  }
  std::filesystem::remove_all(path);
  CountSamples(state);
}
BENCHMARK(HandleRequest)->Iterations(25 * 120)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace bellwether::ingest
