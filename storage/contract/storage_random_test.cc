// Random operations on a store and on the model in memory: whatever was written, in whatever order, sealed, merged,
// dropped and found again after a restart or a kill, both read the same.
//
// BW_TEST_SEED makes another run, BW_RANDOM_ROUNDS a longer one.
#include <algorithm>
#include <bit>
#include <cstdlib>
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
  AppendMode mode = AppendMode::kLive;
};

class RandomWrites {
 public:
  RandomWrites(std::uint64_t seed, std::int64_t start) : random_(seed), start_(start) {}

  RandomWrite Next(std::int64_t now) {
    RandomWrite write;
    const auto series = Below(12);
    // One in three is another series every six hours, and one in five begins with another name than the metric's.
    const std::int64_t life = series % 3 == 0 ? (now - start_) / 21'600'000 : 0;
    write.labels = metric::Labels{{series % 5 == 4 ? "A" : "a", std::to_string(life)},
                                  {"__name__", series % 2 == 0 ? "even" : "odd"},
                                  {"n", std::to_string(series)}};
    if (Below(10) == 0) write.mode = AppendMode::kBackfill;
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

std::uint64_t Number(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

bool HasHistograms(const RandomWrite& write) {
  return std::any_of(write.samples.begin(), write.samples.end(),
                     [](const ReadSample& s) { return !s.histogram.empty(); });
}

CommitResult WriteTo(Storage& storage, const RandomWrite& write) {
  const auto appender = storage.NewAppender(write.mode);
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
  options_.retention = base::Hours(16);
  options_.sync = SyncPolicy::kOff;  // A killed process loses nothing by it.
  const std::uint64_t first_seed = Number("BW_TEST_SEED", 3543115377u);
  const std::string root = options_.path;
  for (std::uint64_t seed = first_seed; seed < first_seed + Number("BW_RANDOM_ROUNDS", 1); ++seed) {
    SCOPED_TRACE(testing::Message() << "BW_TEST_SEED=" << seed);
    clock_.Set(TimestampMs(kNow));
    options_.chunk_samples_max = seed % 3 == 0 ? 240 : 2 + seed % 5;
    options_.block_cache_bytes = seed % 2 == 0 ? 1 : 8u << 20;
    options_.path = root + "/" + std::to_string(seed);
    Open();
    base::MetricsRegistry model_metrics;
    const auto model = NewMemoryStorage(options_, clock_, model_metrics);
    RandomWrites writes(seed, kNow);
    TimestampMs latest = clock_.Now();  // Retention may have gone by it; the clock is set back now and then.
    for (int step = 0; step < 400; ++step) {
      const RandomWrite write = writes.Next(clock_.Now().ms);
      const CommitResult expected = WriteTo(*model, write);
      const CommitResult got = WriteTo(storage(), write);
      // What back-fill contradicts is looked for among floats only, and all at once.
      const bool live = write.mode == AppendMode::kLive;
      const bool counts = live || (GetParam().counts_late_duplicates && !HasHistograms(write));
      if (counts) {
        ASSERT_EQ(got.floats, expected.floats) << step;
        ASSERT_EQ(got.histograms, expected.histograms) << step;
        ASSERT_EQ(got.refused, expected.refused) << step;
        ASSERT_EQ(got.first_refused.has_value(), expected.first_refused.has_value());
      }
      if (live && got.first_refused) {
        ASSERT_EQ(got.first_refused->reason, expected.first_refused->reason);
        ASSERT_EQ(got.first_refused->timestamp, expected.first_refused->timestamp);
      }
      const std::uint64_t move = writes.Below(20);
      clock_.Set(clock_.Now() + base::Seconds(move < 2 ? 1800 : move == 2 ? -120 : 20));
      latest = std::max(latest, clock_.Now());
      const bool maintain = writes.Below(12) == 0;
      EXPECT_TRUE(!maintain || storage().Maintain().ok());
      const std::uint64_t restart = writes.Below(80);
      if (restart == 0) Restart();
      if (restart == 1) RestartAsKilled();
      if (step % 10 != 9) continue;
      // What may have been dropped, and what bears on the hints behind it, is not compared.
      const TimestampMs kept = latest - options_.retention + base::Minutes(6);
      const auto min =
          std::max(kept, clock_.Now() - base::Milliseconds(static_cast<std::int64_t>(writes.Below(80'000'000))));
      const auto max = min + base::Milliseconds(static_cast<std::int64_t>(writes.Below(80'000'000)));
      std::vector<metric::Matcher> matchers;
      if (writes.Below(3) == 0) matchers.push_back(metric::Matcher::Equal("__name__", "even"));
      if (writes.Below(3) == 0) matchers.push_back(metric::Matcher::Equal("a", ""));
      ASSERT_EQ(ReadAll(storage(), matchers, min, max), ReadAll(*model, matchers, min, max)) << step;
      const auto now = std::min(max, clock_.Now());  // Where most series have their newest sample.
      ASSERT_EQ(ReadNewest(storage(), matchers, min, max), ReadNewest(*model, matchers, min, max)) << step;
      ASSERT_EQ(ReadNewest(storage(), matchers, min, now), ReadNewest(*model, matchers, min, now)) << step;
    }
    const TimestampMs kept = latest - options_.retention + base::Minutes(6);
    ASSERT_EQ(ReadAll(storage(), {}, kept), ReadAll(*model, {}, kept));
  }
  options_.path = root;
}

}  // namespace bellwether::storage::contract
