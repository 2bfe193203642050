// The whole commit path: several writers, requests of 2000 samples each of another series, until acknowledged.
//
//   commit_bench DIRECTORY [WRITERS] [REQUESTS per writer]
//
// Prints for each sync policy the CPU time and the wall time a sample. DIRECTORY is made and left behind.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "storage/open.h"

namespace bellwether::storage {
namespace {

constexpr int kSamplesPerRequest = 2000;

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void WriteRequests(Storage& storage, base::TimestampMs start, int writer, int requests) {
  const auto appender = storage.NewAppender();
  std::vector<std::string> aliases;
  std::vector<FloatSample> samples(kSamplesPerRequest);
  for (int i = 0; i < kSamplesPerRequest; ++i) {
    const std::string instance = std::to_string(writer) + ":" + std::to_string(i);
    aliases.push_back("alias of a series, as long as label bytes are: instance=" + instance);
    const auto ref = appender->FindOrCreate(
        metric::Labels{{"__name__", "requests_total"}, {"instance", instance}, {"job", "bench"}}, aliases.back());
    if (!ref.ok()) std::abort();
  }
  const std::vector<std::string_view> views(aliases.begin(), aliases.end());
  std::vector<SeriesRef> refs(views.size());
  for (int r = 0; r < requests; ++r) {
    appender->FindByAlias(views, refs);
    for (std::size_t i = 0; i < refs.size(); ++i) {
      samples[i] = {refs[i], start + base::Seconds(r), static_cast<double>(r * 3) + static_cast<double>(i % 100), {}};
    }
    appender->Append(samples);
    const auto result = appender->Commit(Durability::kDurable);
    if (!result.ok() || result->TotalRefused() > 0) std::abort();
  }
}

void Measure(const std::string& path, SyncPolicy policy, const char* name, int writers, int requests) {
  base::SystemClock clock;
  base::MetricsRegistry metrics;
  StorageOptions options;
  options.path = path;
  options.sync = policy;
  options.future_limit = base::Days(365);
  auto opened = OpenRocksStorage(options, clock, metrics);
  if (!opened.ok()) {
    std::fprintf(stderr, "%s\n", opened.status().ToString().c_str());
    std::exit(1);
  }
  WriteRequests(*opened->storage, clock.Now(), 1000, 1);  // The first request makes files.
  const double cpu = CpuSeconds();
  const auto begin = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> threads;
    for (int w = 0; w < writers; ++w) {
      threads.emplace_back([&, w] { WriteRequests(*opened->storage, clock.Now(), w, requests); });
    }
  }
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double samples = static_cast<double>(writers) * requests * kSamplesPerRequest;
  std::printf("sync=%-8s %d writers: %6.1f ns CPU/sample, %6.1f ns wall/sample, %.2f M samples/s\n", name, writers,
              (CpuSeconds() - cpu) * 1e9 / samples, wall * 1e9 / samples, samples / wall / 1e6);
}

}  // namespace
}  // namespace bellwether::storage

int main(int argc, char** argv) {
  using bellwether::storage::Measure;
  using bellwether::storage::SyncPolicy;
  const std::string directory = argc > 1 ? argv[1] : "commit_bench_data";
  const int writers = argc > 2 ? std::atoi(argv[2]) : 4;
  const int requests = argc > 3 ? std::atoi(argv[3]) : 500;
  Measure(directory + "/off", SyncPolicy::kOff, "off", writers, requests);
  Measure(directory + "/interval", SyncPolicy::kInterval, "interval", writers, requests);
  Measure(directory + "/always", SyncPolicy::kAlways, "always", writers, requests);
  return 0;
}
