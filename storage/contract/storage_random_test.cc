// Random operations on a store and on the model in memory: whatever was written, in whatever order, both read the same.
#include <bit>
#include <random>
#include <string>

#include "metric/sample.h"
#include "storage/contract/storage_contract.h"

namespace bellwether::storage::contract {
namespace {

using base::TimestampMs;

// One operation of writing, made once and applied to both stores.
struct RandomWrite {
  metric::Labels labels;
  std::vector<ReadSample> samples;
};

class RandomWrites {
 public:
  RandomWrites(std::uint64_t seed, std::int64_t start) : random_(seed), start_(start) {}

  RandomWrite Next(std::int64_t now) {
    RandomWrite write;
    const auto series = Below(12);
    write.labels = metric::Labels{{"__name__", series % 2 == 0 ? "even" : "odd"}, {"n", std::to_string(series)}};
    std::int64_t t = TimeNear(now);
    for (std::uint64_t i = 1 + Below(8); i > 0; --i) {
      write.samples.push_back(Sample(static_cast<int>(series), t));
      t += Below(10) < 8 ? 15'000 : static_cast<std::int64_t>(Below(4'000'000)) - 1'000'000;
    }
    return write;
  }
  std::uint64_t Below(std::uint64_t n) { return random_() % n; }

 private:
  std::int64_t TimeNear(std::int64_t now) {
    switch (Below(6)) {
      case 0: return now - static_cast<std::int64_t>(Below(3'600'000));              // Within the out-of-order window.
      case 1: return now - static_cast<std::int64_t>(Below(30'000'000));             // Perhaps a window that is sealed.
      case 2: return (now / 15'000 - static_cast<std::int64_t>(Below(4))) * 15'000;  // Collides now and then.
      case 3: return start_ + static_cast<std::int64_t>(Below(20)) * 60'000;
      default: return now;
    }
  }
  ReadSample Sample(int series, std::int64_t t) {
    const bool histogram = series == 3 || (series == 4 && Below(3) == 0);
    if (histogram) {
      auto h = SmallHistogram(static_cast<double>(Below(50)), static_cast<std::int32_t>(Below(20) == 0));
      if (Below(9) == 0) h.reset_hint = metric::CounterResetHint::kGauge;
      if (Below(9) == 0) h.reset_hint = metric::CounterResetHint::kReset;
      if (Below(12) == 0) h.sum = metric::kStaleMarker;
      return {t, 0, {h}, 0};
    }
    const double value = Below(20) == 0    ? metric::kStaleMarker
                         : series % 3 == 0 ? static_cast<double>(Below(1000)) / 7
                                           : static_cast<double>(Below(series == 1 ? 3 : 100));
    return Float(t, value, Below(7) == 0 ? t - 1000 : 0);
  }

  std::mt19937_64 random_;
  std::int64_t start_;
};

CommitResult WriteTo(Storage& storage, const RandomWrite& write) {
  const auto appender = storage.NewAppender();
  const SeriesRef ref = appender->FindOrCreate(write.labels, write.labels.bytes()).value();
  std::vector<FloatSample> floats;
  std::vector<HistogramSample> histograms;
  for (const ReadSample& s : write.samples) {
    const TimestampMs t(s.t);
    const TimestampMs start(s.start);
    if (s.histogram.empty()) {
      floats.push_back({ref, t, std::bit_cast<double>(s.value_bits), start});
    } else {
      histograms.push_back({ref, t, &s.histogram[0], start});
    }
  }
  appender->Append(floats);
  appender->AppendHistograms(histograms);
  return appender->Commit(Durability::kDurable).value();
}

}  // namespace

TEST_P(StorageContractTest, RandomOperationsReadAsTheModelDoes) {
  if (GetParam().forgets_idle_series) GTEST_SKIP() << "takes late samples that the model refuses";
  options_.retention = base::Days(2);
  const std::uint64_t first_seed = std::random_device{}();
  for (std::uint64_t seed = first_seed; seed < first_seed + 6; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    clock_.Set(TimestampMs(kNow));
    options_.chunk_samples_max = seed % 3 == 0 ? 240 : 2 + seed % 5;
    const std::string root = options_.path;
    options_.path = root + "/" + std::to_string(seed);
    Open();
    base::MetricsRegistry model_metrics;
    const auto model = NewMemoryStorage(options_, clock_, model_metrics);
    RandomWrites writes(seed, kNow);
    for (int step = 0; step < 400; ++step) {
      const RandomWrite write = writes.Next(clock_.Now().ms);
      const CommitResult expected = WriteTo(*model, write);
      const CommitResult got = WriteTo(storage(), write);
      ASSERT_EQ(got.floats, expected.floats) << step;
      ASSERT_EQ(got.histograms, expected.histograms) << step;
      ASSERT_EQ(got.refused, expected.refused) << step;
      ASSERT_EQ(got.first_refused.has_value(), expected.first_refused.has_value());
      if (got.first_refused) {
        ASSERT_EQ(got.first_refused->reason, expected.first_refused->reason);
        ASSERT_EQ(got.first_refused->timestamp, expected.first_refused->timestamp);
      }
      clock_.Advance(base::DurationMs(static_cast<std::int64_t>(writes.Below(10) == 0 ? 1'800'000 : 20'000)));
      const bool maintain = writes.Below(12) == 0;
      EXPECT_TRUE(!maintain || storage().Maintain().ok());
      if (writes.Below(60) == 0) Restart();
      if (step % 20 == 19) {
        const auto min = TimestampMs(clock_.Now().ms - static_cast<std::int64_t>(writes.Below(80'000'000)));
        const auto max = TimestampMs(min.ms + static_cast<std::int64_t>(writes.Below(80'000'000)));
        ASSERT_EQ(ReadAll(storage(), {}, min, max), ReadAll(*model, {}, min, max)) << step;
      }
    }
    ASSERT_EQ(ReadAll(storage(), {}), ReadAll(*model, {}));
    options_.path = root;
  }
}

}  // namespace bellwether::storage::contract
