// What a commit of 2,000 samples costs the journal: encoding it, decoding it at replay, and writing it, with and
// without a sync. CPU time; what a sync costs depends on the disk and its driver.
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "base/check.h"
#include "storage/journal/journal.h"
#include "storage/journal/record_codec.h"

namespace bellwether::storage {
namespace {

constexpr std::size_t kCommitSamples = 2000;

// One scrape: refs nearly in order, one time, counters and decimal gauges.
std::vector<FloatSample> BenchCommit() {
  std::vector<FloatSample> samples;
  for (std::size_t i = 0; i < kCommitSamples; ++i) {
    const double value = i % 2 == 0 ? static_cast<double>(i * 977) : static_cast<double>(i * 31 % 1009) / 1000.0;
    samples.push_back({static_cast<SeriesRef>(i + 1), base::TimestampMs(1'700'000'000'000), value, {}});
  }
  return samples;
}

std::string_view EncodeBenchCommit(CommitEncoder& encoder, const std::vector<FloatSample>& samples) {
  static const std::vector<std::uint8_t> kAll(kCommitSamples, 1);
  encoder.Clear();
  encoder.AddFloats(samples, kAll);
  return encoder.Payload();
}

void PerSample(benchmark::State& state) {
  state.counters["ns/sample"] = benchmark::Counter(
      kCommitSamples * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void EncodeCommit(benchmark::State& state) {
  const auto samples = BenchCommit();
  CommitEncoder encoder;
  std::size_t bytes = 0;
  for (auto _ : state) bytes = EncodeBenchCommit(encoder, samples).size();
  PerSample(state);
  state.counters["B/sample"] = static_cast<double>(bytes) / kCommitSamples;
}
BENCHMARK(EncodeCommit);

void DecodeCommitRecord(benchmark::State& state) {
  const auto samples = BenchCommit();
  CommitEncoder encoder;
  const std::string payload(EncodeBenchCommit(encoder, samples));
  DecodedCommit commit;
  for (auto _ : state) BW_CHECK(DecodeCommit(payload, commit).ok());
  PerSample(state);
}
BENCHMARK(DecodeCommitRecord);

void WriteCommit(benchmark::State& state, SyncPolicy policy) {
  const std::string path =
      fmt::format("{}/bellwether_journal_bench.{}", std::filesystem::temp_directory_path().string(), ::getpid());
  PosixFileSystem files;
  {
    auto journal = Journal::Open({.path = path, .policy = policy}, files, {});
    BW_CHECK(journal.ok());
    const auto samples = BenchCommit();
    CommitEncoder encoder;
    for (auto _ : state) {
      const std::string_view payload = EncodeBenchCommit(encoder, samples);
      const auto appended =
          (*journal)->Append(RecordType::kCommit, payload, base::TimestampMs::Min(), (*journal)->segment());
      if (appended.ok()) {
        BW_CHECK((*journal)->WaitDurable(*appended).ok());
      } else {
        BW_CHECK(appended.status().code() == base::StatusCode::kConflict);  // Another segment begins.
      }
    }
    PerSample(state);
  }
  std::filesystem::remove_all(path);
}
void WriteCommitUnsynced(benchmark::State& state) { WriteCommit(state, SyncPolicy::kOff); }
void WriteCommitSynced(benchmark::State& state) { WriteCommit(state, SyncPolicy::kAlways); }
BENCHMARK(WriteCommitUnsynced);
BENCHMARK(WriteCommitSynced);

}  // namespace
}  // namespace bellwether::storage
