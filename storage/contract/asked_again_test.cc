// Selections asked again and again, over whatever may happen to the series between: they read as fresh ones do.
//
// BW_TEST_SEED makes another run.
#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>

#include "metric/sample.h"
#include "storage/admin.h"
#include "storage/contract/storage_contract.h"

namespace bellwether::storage::contract {
namespace {

using base::TimestampMs;
using metric::Matcher;

std::vector<std::vector<Matcher>> Selectors() {
  return {{Matcher::Equal("__name__", "a")},
          {Matcher::Equal("__name__", "b"), Matcher::Equal("n", "3")},
          {Matcher::Equal("__name__", "a"), Matcher::Make(metric::MatchOp::kRegex, "n", "[0-4].*").value()},
          {Matcher::Make(metric::MatchOp::kNotEqual, "n", "").value()},
          {Matcher::Equal("run", ""), Matcher::Equal("__name__", "b")}};
}

std::vector<ReadSeries> ReadNewestAgain(Storage& storage, const std::vector<Matcher>& matchers, TimestampMs min,
                                        TimestampMs max) {
  std::vector<ReadSeries> result = ReadAll(storage, matchers, min, max, {.newest_only = true, .asked_again = true});
  for (ReadSeries& series : result) {
    series.samples.erase(series.samples.begin(), series.samples.end() - 1);
    series.samples[0].start = 0;
  }
  return result;
}

// Series that come, go, fall silent and are deleted while time goes on.
class SeriesLives {
 public:
  explicit SeriesLives(std::uint64_t seed) : random_(seed) {}

  std::uint64_t Below(std::uint64_t n) { return random_() % n; }
  std::int64_t Between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(Below(static_cast<std::uint64_t>(most - least + 1)));
  }

  // Some come anew now and then, under a label set of their own.
  metric::Labels LabelsOf(std::uint64_t n) const {
    const std::string run = n % 4 == 0 ? std::to_string(runs_) : "";
    return {{"__name__", n % 2 == 0 ? "a" : "b"}, {"n", std::to_string(n)}, {"run", run}};
  }
  void NextRun() { ++runs_; }

  std::vector<ReadSample> SamplesOf(std::uint64_t n, std::int64_t now) {
    std::vector<ReadSample> samples;
    for (std::uint64_t i = Below(12) == 0 ? 3 : 1; i > 0; --i) {
      const std::int64_t t = now - static_cast<std::int64_t>(i - 1) * 2'000;
      if (n == 5 && Below(2) == 0) {
        samples.push_back({t, 0, {SmallHistogram(static_cast<double>(Below(9)))}, 0});
      } else {
        const double value =
            Below(15) == 0 ? metric::kStaleMarker : static_cast<double>(Below(100)) / static_cast<double>(n % 3 + 1);
        samples.push_back(Float(t, value, n == 6 && Below(3) > 0 ? t - 60'000 : 0));
      }
    }
    return samples;
  }

 private:
  std::mt19937_64 random_;
  std::uint64_t runs_ = 0;
};

}  // namespace

TEST_P(StorageContractTest, SelectionsAskedAgainReadAsFreshOnes) {
  const char* given = std::getenv("BW_TEST_SEED");
  const std::uint64_t seed = given == nullptr ? 20260807u : std::strtoull(given, nullptr, 10);
  SCOPED_TRACE(testing::Message() << "BW_TEST_SEED=" << seed);
  options_.retention = base::Hours(6);
  options_.sync = SyncPolicy::kOff;
  options_.chunk_samples_max = 7;
  Open();
  SeriesLives lives(seed);
  for (int step = 0; step < 300; ++step) {
    const std::int64_t now = clock_.Now().ms;
    for (std::uint64_t n = 0; n < 10; ++n) {
      const bool silent = n >= 8 && step / 60 % 2 == 1;
      if (silent || lives.Below(10) == 0) continue;
      Write(lives.LabelsOf(n), lives.SamplesOf(n, now));
      if (lives.Below(60) == 0) Write(lives.LabelsOf(n), {Float(now - lives.Between(1, 3'000'000), 1)});
    }
    if (lives.Below(40) == 0) lives.NextRun();
    const bool maintains = lives.Below(8) == 0;
    ASSERT_TRUE(!maintains || storage().Maintain().ok());
    if (lives.Below(60) == 0 && storage().admin() != nullptr) {
      const std::vector<std::vector<Matcher>> deleted = {Selectors()[lives.Below(Selectors().size())]};
      const TimestampMs min(now - lives.Between(0, 2'000'000));
      const TimestampMs max(min.ms + lives.Between(0, 1'000'000));
      ASSERT_TRUE(storage().admin()->DeleteSeries(min, max, deleted).ok());
    }
    if (lives.Below(150) == 0) Restart();
    for (const std::vector<Matcher>& matchers : Selectors()) {
      for (const std::int64_t range : {60'000, 300'000, 1'800'000, 7'200'000}) {
        if (lives.Below(3) == 0) continue;
        const TimestampMs max(now - (lives.Below(4) == 0 ? lives.Between(-5'000, 120'000) : 0));
        const TimestampMs min(max.ms - range + 1);
        ASSERT_EQ(ReadAll(storage(), matchers, min, max, {.asked_again = true}), ReadAll(storage(), matchers, min, max))
            << "step " << step << " range " << range;
        ASSERT_EQ(ReadNewestAgain(storage(), matchers, min, max), ReadNewest(storage(), matchers, min, max))
            << "step " << step << " range " << range;
      }
    }
    clock_.Set(TimestampMs(now + (lives.Below(50) == 0 ? lives.Between(600'000, 5'400'000) : 15'000)));
  }
}

// The labels of one series are copies of one set as long as the series is there.
TEST_P(StorageContractTest, SelectionsAskedAgainGiveTheSameLabels) {
  if (GetParam().name == "head") return;  // Answers nothing asked again.
  Open();
  Write({{"__name__", "a"}, {"n", "1"}}, {Float(kNow, 1)});
  const std::vector<Matcher> matchers = {Matcher::Equal("__name__", "a")};
  const auto ask = [&] {
    return ReadAll(storage(), matchers, TimestampMs(kNow - 1000), TimestampMs::Max(), {.asked_again = true});
  };
  const auto before = ask();
  Write({{"__name__", "a"}, {"n", "1"}}, {Float(kNow + 1, 2)});
  Write({{"__name__", "a"}, {"n", "2"}}, {Float(kNow + 1, 2)});
  const auto after = ask();
  ASSERT_EQ(after.size(), 2u);
  EXPECT_EQ(after[0].labels.identity(), before[0].labels.identity());
  EXPECT_EQ(after[0].samples.size(), 2u);
}

}  // namespace bellwether::storage::contract
