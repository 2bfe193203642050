// Nanoseconds and bytes a sample of the chunk encodings, for values as they occur.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "storage/chunk/chunk.h"
#include "storage/chunk/float_columns.h"
#include "storage/chunk/float_stream.h"

namespace bellwether::storage::chunk {
namespace {

constexpr int kSamples = 240;

enum Shape : std::int64_t { kConstantShape, kCounterShape, kDecimalShape, kMantissaShape, kJitterShape };

double BenchValue(std::int64_t shape, int i) {
  switch (shape) {
    case kConstantShape: return 1;
    case kCounterShape: return 1000.0 * i + (i * 7919) % 97;
    case kDecimalShape: return (2000 + (i * 7919) % 131) / 10.0;
    case kJitterShape: return 5.0 * i;
    default: return std::sin(i * 0.7) * 100;
  }
}

struct BenchRun {
  std::vector<base::TimestampMs> times;
  std::vector<double> values;
};

BenchRun MakeBenchRun(std::int64_t shape) {
  BenchRun run;
  for (int i = 0; i < kSamples; ++i) {
    const int jitter = shape == kJitterShape ? (i * 31) % 11 - 5 : 0;
    run.times.emplace_back(1'700'000'000'000 + i * 15'000 + jitter);
    run.values.push_back(BenchValue(shape, i));
  }
  return run;
}

void Report(benchmark::State& state, std::size_t bytes) {
  state.counters["ns/sample"] =
      benchmark::Counter(static_cast<double>(kSamples) * 1e-9,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["B/sample"] = static_cast<double>(bytes) / kSamples;
}

void StreamAppend(benchmark::State& state) {
  const BenchRun run = MakeBenchRun(state.range(0));
  FloatStream* stream = FloatStream::New();
  for (auto _ : state) {
    stream->Begin(run.times[0], run.values[0], {});
    for (int i = 1; i < kSamples; ++i) {
      const auto at = static_cast<std::size_t>(i);
      stream = FloatStream::Append(stream, run.times[at], run.values[at], {});
    }
    benchmark::DoNotOptimize(stream);
  }
  std::string bytes;
  stream->CopyTo(bytes);
  FloatStream::Delete(stream);
  Report(state, bytes.size());
}

void StreamDecode(benchmark::State& state) {
  const BenchRun run = MakeBenchRun(state.range(0));
  FloatStream* stream = FloatStream::New();
  stream->Begin(run.times[0], run.values[0], {});
  for (std::size_t i = 1; i < kSamples; ++i) stream = FloatStream::Append(stream, run.times[i], run.values[i], {});
  std::string bytes;
  stream->CopyTo(bytes);
  FloatStream::Delete(stream);
  Columns columns;
  for (auto _ : state) {
    columns.Clear();
    benchmark::DoNotOptimize(DecodeChunk(bytes, columns));
  }
  Report(state, bytes.size());
}

template <Effort kEffort>
void ColumnsEncode(benchmark::State& state) {
  const BenchRun run = MakeBenchRun(state.range(0));
  std::string bytes;
  for (auto _ : state) {
    bytes.clear();
    EncodeFloatColumns(run.times, run.values, {}, bytes, kEffort);
    benchmark::DoNotOptimize(bytes.data());
  }
  Report(state, bytes.size());
}

template <Effort kEffort>
void ColumnsDecode(benchmark::State& state) {
  const BenchRun run = MakeBenchRun(state.range(0));
  std::string bytes;
  EncodeFloatColumns(run.times, run.values, {}, bytes, kEffort);
  Columns columns;
  for (auto _ : state) {
    columns.Clear();
    benchmark::DoNotOptimize(DecodeChunk(bytes, columns));
  }
  Report(state, bytes.size());
}

BENCHMARK(StreamAppend)->DenseRange(kConstantShape, kJitterShape);
BENCHMARK(StreamDecode)->DenseRange(kConstantShape, kJitterShape);
BENCHMARK(ColumnsEncode<Effort::kQuick>)->DenseRange(kConstantShape, kJitterShape);
BENCHMARK(ColumnsEncode<Effort::kSmall>)->DenseRange(kConstantShape, kJitterShape);
BENCHMARK(ColumnsDecode<Effort::kQuick>)->DenseRange(kConstantShape, kJitterShape);
BENCHMARK(ColumnsDecode<Effort::kSmall>)->DenseRange(kConstantShape, kJitterShape);

}  // namespace
}  // namespace bellwether::storage::chunk
