// A server in small that is made to be killed: appends samples for ever, seals as it goes, and says on standard output
// what was acknowledged, one "writer step" a line.
//
//   crash_writer PATH FIRST_STEP
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "storage/open.h"
#include "tests/crash/crash_format.h"

namespace bellwether::crash {
namespace {

constexpr std::int64_t kStepsPerSeal = 8;

void Require(const base::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "crash_writer: %s\n", status.ToString().c_str());
  std::_Exit(2);
}

void WriteStep(storage::Storage& storage, int writer, std::int64_t step) {
  const auto appender = storage.NewAppender();
  std::vector<storage::FloatSample> samples;
  for (int s = 0; s < kSeriesPerWriter; ++s) {
    const auto ref = appender->FindOrCreate(
        metric::Labels{{"__name__", "crash"}, {"series", std::to_string(s)}, {"writer", std::to_string(writer)}});
    Require(ref.status());
    samples.push_back({*ref, TimeOfStep(step), ValueOf(writer, s, step), {}});
  }
  appender->Append(samples);
  const auto committed = appender->Commit(storage::Durability::kDurable);
  Require(committed.status());
  if (committed->floats != kSeriesPerWriter) Require(base::Internal("a sample was refused"));
  const std::string line = std::to_string(writer) + " " + std::to_string(step) + "\n";
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(3);  // One write: lines never mix.
}

int Run(const std::string& path, std::int64_t first_step) {
  base::SimulatedClock clock(TimeOfStep(first_step));
  base::MetricsRegistry metrics;
  storage::StorageOptions options;
  options.path = path;
  options.background_thread = false;
  options.retention = base::DurationMs(0);
  options.future_limit = base::Days(3650);  // One writer may be ahead of the other, who sets the clock.
  auto opened = OpenRocksStorage(options, clock, metrics);
  Require(opened.status());
  storage::Storage& storage = *opened->storage;
  std::vector<std::jthread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&storage, &clock, w, first_step] {
      for (std::int64_t step = first_step;; ++step) {
        if (w == 0) clock.Set(TimeOfStep(step));
        WriteStep(storage, w, step);
        if (w == 0 && step % kStepsPerSeal == 0) Require(storage.Maintain());
      }
    });
  }
  writers.front().join();  // Never.
  return 0;
}

}  // namespace
}  // namespace bellwether::crash

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: crash_writer PATH FIRST_STEP\n");
    return 1;
  }
  return bellwether::crash::Run(argv[1], std::strtoll(argv[2], nullptr, 10));
}
