#include "storage/chunk/chunk.h"

#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "metric/sample.h"
#include "storage/chunk/float_columns.h"
#include "storage/chunk/float_stream.h"
#include "storage/chunk/histogram_chunk.h"

namespace bellwether::storage::chunk {
namespace {

using base::TimestampMs;

struct FloatRun {
  std::vector<TimestampMs> times;
  std::vector<double> values;
  std::vector<TimestampMs> starts;

  void Add(std::int64_t t, double v, std::int64_t start = 0) {
    times.emplace_back(t);
    values.push_back(v);
    starts.emplace_back(start);
  }
};

std::string AsStream(const FloatRun& run) {
  FloatStream* stream = FloatStream::New();
  for (std::size_t i = 0; i < run.times.size(); ++i) {
    if (i == 0) {
      stream->Begin(run.times[0], run.values[0], run.starts[0]);
    } else {
      stream = FloatStream::Append(stream, run.times[i], run.values[i], run.starts[i]);
    }
  }
  std::string bytes;
  stream->CopyTo(bytes);
  FloatStream::Delete(stream);
  return bytes;
}

std::string AsColumns(const FloatRun& run) {
  std::string bytes;
  EncodeFloatColumns(run.times, run.values, run.starts, bytes);
  return bytes;
}

std::string AsMerged(const FloatRun& run) {
  std::string bytes;
  EncodeFloatColumns(run.times, run.values, run.starts, bytes, Effort::kSmall);
  return bytes;
}

void ExpectReads(const std::string& bytes, const FloatRun& run) {
  Columns read;
  ASSERT_TRUE(DecodeChunk(bytes, read));
  ASSERT_EQ(read.timestamps, run.times);
  ASSERT_EQ(read.values.size(), run.values.size());
  for (std::size_t i = 0; i < run.values.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint64_t>(read.values[i]), std::bit_cast<std::uint64_t>(run.values[i])) << i;
    ASSERT_EQ(read.start_timestamps.empty() ? TimestampMs() : read.start_timestamps[i], run.starts[i]) << i;
  }
}

// All encodings give back every bit. Returns the bytes of the columns.
std::size_t CheckRoundTrip(const FloatRun& run) {
  ExpectReads(AsStream(run), run);
  ExpectReads(AsMerged(run), run);
  ExpectReads(AsColumns(run), run);
  return AsColumns(run).size();
}

template <typename Value>
FloatRun Regular(int n, Value value, std::int64_t interval = 15'000) {
  FloatRun run;
  for (int i = 0; i < n; ++i) run.Add(1'700'000'000'000 + i * interval, value(i));
  return run;
}

TEST(ChunkTest, RoundTripsAndSizes) {
  const double nan_payload = std::bit_cast<double>(0x7ff8000000abcdefULL);
  const double infinity = std::numeric_limits<double>::infinity();
  const auto bytes = [](const FloatRun& run) { return static_cast<int>(CheckRoundTrip(run)); };
  EXPECT_LE(bytes(Regular(1, [](int) { return 1.0; })), 20);
  EXPECT_LE(bytes(Regular(240, [](int) { return 0.1; })), 24);
  EXPECT_LE(bytes(Regular(240, [&](int) { return nan_payload; })), 24);
  EXPECT_LE(bytes(Regular(240, [](int i) { return i * 17.0; })), 24);
  EXPECT_LE(bytes(Regular(240, [](int i) { return i * 17.0 + i % 3; })), 280);
  EXPECT_LE(bytes(Regular(240, [](int i) { return 20.5 + 0.1 * (i * 7 % 13); })), 2400);
  EXPECT_LE(bytes(Regular(240, [](int i) { return (205 + i * 7 % 13) / 10.0; })), 280);
  EXPECT_LE(bytes(Regular(240, [](int i) { return i == 239 ? metric::kStaleMarker : 5.0 + i % 2; })), 280);
  EXPECT_LE(bytes(Regular(240, [](int i) { return 1.0 / (i + 1); })), 2200);
  bytes(Regular(9, [&](int i) {
    const double odd[] = {0.0,   -0.0,   infinity,           -infinity,          nan_payload,
                          1e308, 5e-324, 9007199254740993.0, -9007199254740992.0};
    return odd[i];
  }));
  bytes(Regular(240, [](int i) { return i < 100 ? i : i < 150 ? i / 8.0 : i < 200 ? i / 3.0 : i / 10.0; }));
}

TEST(ChunkTest, TimesOfAnyShape) {
  FloatRun run;
  const std::int64_t times[] = {
      std::numeric_limits<std::int64_t>::min(), -5, 0, 1, 2, 3, 1'000, 2'003, 3'001, 40'000, 1'000'000'000'000,
      std::numeric_limits<std::int64_t>::max()};
  for (const std::int64_t t : times) run.Add(t, 1);
  CheckRoundTrip(run);
}

TEST(ChunkTest, StartTimesOfAnyShape) {
  FloatRun run;
  const std::int64_t starts[] = {
      0, 0, 50, 50, 50, 0, std::numeric_limits<std::int64_t>::min(), 7, std::numeric_limits<std::int64_t>::max(), 7, 7};
  for (const std::int64_t start : starts) run.Add(static_cast<std::int64_t>(run.times.size()) * 1000, 3, start);
  CheckRoundTrip(run);
  FloatRun begins_with_one = Regular(10, [](int i) { return i; });
  begins_with_one.starts.assign(10, TimestampMs(1'600'000'000'000));
  CheckRoundTrip(begins_with_one);
}

// Noise, entropy coded, comes out near its entropy; patterns are left to the compressor of the disk.
TEST(ChunkTest, LongColumnsOfNoiseAreEntropyCoded) {
  std::mt19937_64 random(1);
  const auto noise = [&](int range) {
    double v = 1000;
    return Regular(2048,
                   [&, v](int) mutable { return v += static_cast<double>(random() % static_cast<unsigned>(range)); });
  };
  for (const int range : {2, 5, 20, 60, 400, 100'000}) {
    SCOPED_TRACE(range);
    const FloatRun run = noise(range);
    ExpectReads(AsMerged(run), run);
    const double entropy = 2048 * std::log2(range) / 8;
    EXPECT_LE(static_cast<double>(AsMerged(run).size()), entropy * 1.02 + 70);
  }
  const FloatRun gauge = Regular(2048, [&](int) { return static_cast<double>(500 + random() % 16) / 100; });
  ExpectReads(AsMerged(gauge), gauge);
  EXPECT_LE(AsMerged(gauge).size(), 2048 / 2 + 70);  // Values, not their deltas.
  const FloatRun steps = Regular(2048, [&](int) { return static_cast<double>(random() % 4) * 4096; });
  EXPECT_LE(AsMerged(steps).size(), 2048 / 4 + 70);  // Divided by 4096.
  const FloatRun pattern = Regular(2048, [](int i) { return i % 7 * 3.0 + i % 5; });
  EXPECT_EQ(AsMerged(pattern), AsColumns(pattern));
  const FloatRun few = Regular(255, [&](int) { return static_cast<double>(random() % 16); });
  EXPECT_EQ(AsMerged(few), AsColumns(few));
}

// A counter that began anew, a gauge on another level, one stray value: each costs its own bytes, not the others'.
TEST(ChunkTest, JumpsCostLittle) {
  struct Case {
    const char* what;
    double start, noise, trend;
    std::map<int, double> jumps;  // At which sample, by how much.
  };
  const Case cases[] = {
      {"a counter begins anew", 8'000'000, 20, 15, {{700, -8'010'000}}},
      {"and again", 8'000'000, 20, 15, {{300, -8'004'000}, {900, -9'000}, {1300, -6'000}}},
      {"a gauge at another level", 100, 20, 0, {{700, 52'000}}},
      {"a stray value", 100, 20, 0, {{700, 1'000'000}, {701, -1'000'000}}},
      {"multiples of ten", 0, 20, 0, {{700, 52'000}}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    std::mt19937_64 random(3);
    const double unit = std::string_view(c.what) == "multiples of ten" ? 10 : 1;
    const auto run_with = [&](const std::map<int, double>& jumps) {
      random.seed(3);
      double level = c.start;
      double sum = 0;
      return Regular(1440, [&](int i) {
        if (const auto jump = jumps.find(i); jump != jumps.end()) level += jump->second;
        const auto noise = static_cast<double>(random() % static_cast<unsigned>(c.noise));
        if (c.trend == 0) return (level + noise) * unit;
        sum += c.trend + noise;
        return (level + sum) * unit;
      });
    };
    const FloatRun run = run_with(c.jumps);
    ExpectReads(AsMerged(run), run);
    EXPECT_LE(AsMerged(run).size(), AsMerged(run_with({})).size() + 30);
  }
  std::mt19937_64 random(4);
  for (int round = 0; round < 200; ++round) {
    SCOPED_TRACE(round);
    const std::uint64_t period = 30 + random() % 400;
    double level = 0;
    const FloatRun run = Regular(static_cast<int>(256 + random() % 1792), [&](int) {
      if (random() % period == 0)
        level = std::ldexp(static_cast<double>(random() % 4096) - 2048, static_cast<int>(random() % 42));
      return level + static_cast<double>(random() % 8);
    });
    ExpectReads(AsMerged(run), run);
  }
}

TEST(ChunkTest, DamagedEntropyCodingIsRefusedOrReadsInBounds) {
  std::mt19937_64 random(2);
  const FloatRun run =
      Regular(600, [&](int i) { return (i < 400 ? i * 10.0 : i - 1e9) + static_cast<double>(random() % 700); });
  const std::string bytes = AsMerged(run);
  ASSERT_NE(bytes, AsColumns(run));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Columns ignored;
    EXPECT_FALSE(DecodeChunk(std::string_view(bytes).substr(0, i), ignored)) << i;
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
    ignored.Clear();
    static_cast<void>(DecodeChunk(damaged, ignored));
  }
}

double RandomValue(std::mt19937_64& random, int style, double before) {
  const auto pick = static_cast<std::int64_t>(random() % 1000);
  switch (style) {
    case 0: return before + static_cast<double>(pick % 40);
    case 1: return static_cast<double>(pick) / 100.0;
    case 2: return std::bit_cast<double>(random());
    case 3: return pick < 700 ? before : before + 1;
    case 4: return pick < 30 ? metric::kStaleMarker : static_cast<double>(pick % 7) * 0.25;
    case 5: return before * 1.0001;
    default: return RandomValue(random, static_cast<int>(pick % 6), before);
  }
}

TEST(ChunkTest, RandomRunsRoundTrip) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 600; ++round) {
    FloatRun run;
    const int style = round % 7;
    const std::size_t n = 1 + random() % (round % 5 == 0 ? 2000 : 300);
    auto t = static_cast<std::int64_t>(random() % 2'000'000'000'000);
    std::int64_t start = 0;
    double v = 1;
    for (std::size_t i = 0; i < n; ++i) {
      v = RandomValue(random, style, v);
      if (round % 3 == 0 && random() % 20 == 0) start = static_cast<std::int64_t>(random() % 1'000'000);
      run.Add(t, v, start);
      t += random() % 10 < 7 ? 15'000
                             : 1 + static_cast<std::int64_t>(random() % (random() % 2 == 0 ? 40'000 : 1u << 31));
    }
    CheckRoundTrip(run);
    if (HasFatalFailure()) return;
  }
}

TEST(ChunkTest, AStreamIsReadableAfterEverySample) {
  FloatStream* stream = FloatStream::New();
  FloatRun run;
  for (int i = 0; i < 100; ++i) {
    const double v = i < 30 ? 1 : i < 50 ? i / 4.0 : 1.0 / i;
    run.Add(i * 1000 + (i > 80 ? i % 3 : 0), v);
    if (i == 0) {
      stream->Begin(run.times[0], v, {});
    } else {
      stream = FloatStream::Append(stream, run.times.back(), v, {});
    }
    std::string bytes;
    stream->CopyTo(bytes);
    ExpectReads(bytes, run);
    EXPECT_EQ(stream->count(), run.times.size());
    EXPECT_EQ(stream->max(), run.times.back());
  }
  FloatStream::Delete(stream);
}

metric::NativeHistogram RandomHistogram(std::mt19937_64& random) {
  metric::NativeHistogram h;
  h.is_float = random() % 2 == 0;
  h.reset_hint = static_cast<metric::CounterResetHint>(random() % 4);
  h.schema = static_cast<std::int32_t>(random() % 8);
  h.zero_threshold = 1e-128;
  h.count = static_cast<double>(random() % 1000);
  h.sum = random() % 9 == 0 ? metric::kStaleMarker : static_cast<double>(random() % 1000) / 7;
  h.positive_spans = {{0, 2}, {3, 1}};
  for (int i = 0; i < 3; ++i) h.positive_buckets.push_back(static_cast<double>(random() % 100));
  return h;
}

TEST(ChunkTest, HistogramsRoundTrip) {
  std::mt19937_64 random(7);
  for (const std::size_t n : {1u, 2u, 50u}) {
    std::vector<TimestampMs> times;
    std::vector<TimestampMs> starts;
    std::vector<metric::NativeHistogram> histograms;
    HistogramStream stream;
    for (std::size_t i = 0; i < n; ++i) {
      times.emplace_back(static_cast<std::int64_t>(i * 15'000));
      starts.emplace_back(i > 10 ? 5 : 0);
      histograms.push_back(RandomHistogram(random));
      stream.Append(times[i], histograms[i], starts[i]);
    }
    std::string encoded;
    std::string copied;
    std::string closed;
    EncodeHistograms(times, histograms, starts, encoded);
    stream.CopyTo(copied);
    stream.CloseTo(closed);
    EXPECT_EQ(closed, encoded);
    for (const std::string& bytes : {encoded, copied}) {
      Columns read;
      ASSERT_TRUE(DecodeChunk(bytes, read));
      EXPECT_EQ(read.timestamps, times);
      EXPECT_EQ(read.histograms, histograms);
      EXPECT_EQ(read.start_timestamps, n > 10 ? starts : std::vector<TimestampMs>());
    }
    EXPECT_TRUE(n < 50 || encoded.size() < copied.size());
  }
}

// A damaged chunk is refused or read as something else; the decoder never reads outside its bytes (ASan).
TEST(ChunkTest, DamageIsSeen) {
  std::string bytes = AsColumns(Regular(50, [](int i) { return i * i; }));
  AppendChecksum(bytes);
  ASSERT_TRUE(VerifyChecksum(bytes).has_value());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const int bit : {0, 3, 7}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      EXPECT_FALSE(VerifyChecksum(damaged).has_value());
      Columns ignored;
      static_cast<void>(DecodeChunk(std::string_view(damaged).substr(0, damaged.size() - kChecksumBytes), ignored));
    }
    Columns ignored;
    EXPECT_FALSE(DecodeChunk(std::string_view(bytes).substr(0, i), ignored) && i + kChecksumBytes < bytes.size()) << i;
  }
  EXPECT_FALSE(VerifyChecksum("abc").has_value());
}

}  // namespace
}  // namespace bellwether::storage::chunk
