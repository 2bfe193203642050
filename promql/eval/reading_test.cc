// Columns as they are read, and the windows found in them, against what a loop would do.
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "metric/sample.h"
#include "promql/engine.h"
#include "promql/eval/samples.h"
#include "promql/eval/windows.h"

namespace bellwether::promql {
namespace {

using base::TimestampMs;

// A series whose samples come in batches.
class BatchesCursor : public storage::SampleCursor {
 public:
  explicit BatchesCursor(std::vector<storage::SampleBatch> batches) : batches_(std::move(batches)) {}
  bool Next(storage::SampleBatch& batch) override {
    if (next_ == batches_.size()) return false;
    batch = batches_[next_++];
    return true;
  }
  [[nodiscard]] base::Status status() const override { return base::OkStatus(); }

 private:
  std::vector<storage::SampleBatch> batches_;
  std::size_t next_ = 0;
};

TEST(ReadingTest, StaleMarkersAreLeftOutWhereverTheyStand) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    std::vector<TimestampMs> times, starts;
    std::vector<double> values;
    FloatColumn expected;
    const std::uint64_t one_in = 1 + random() % 80;
    for (std::size_t n = random() % 200; n > 0; --n) {
      const bool stale = random() % one_in == 0;
      times.push_back(TimestampMs(1000 * static_cast<std::int64_t>(times.size())));
      starts.push_back(TimestampMs(static_cast<std::int64_t>(random() % 100)));
      values.push_back(stale ? metric::kStaleMarker : static_cast<double>(random() % 5));
      if (stale) continue;
      expected.times.push_back(times.back());
      expected.values.push_back(values.back());
      expected.starts.push_back(starts.back());
    }
    const bool has_starts = random() % 2 == 0;
    if (!has_starts) expected.starts.clear();
    std::vector<storage::SampleBatch> batches;
    for (std::size_t begin = 0; begin < times.size();) {
      const std::size_t n = std::min<std::size_t>(1 + random() % 100, times.size() - begin);
      batches.push_back(
          {std::span(times).subspan(begin, n),
           std::span(values).subspan(begin, n),
           {},
           has_starts ? std::span<const TimestampMs>(starts).subspan(begin, n) : std::span<const TimestampMs>()});
      begin += n;
    }
    BatchesCursor cursor(std::move(batches));
    const EngineOptions options;
    MemoryBudget budget(options);
    BudgetHold hold(budget);
    SeriesSamples read;
    ASSERT_TRUE(ReadSamples(cursor, StaleMarkers::kDrop, hold, read).ok());
    EXPECT_EQ(read.floats.times, expected.times);
    EXPECT_EQ(read.floats.values, expected.values);
    EXPECT_EQ(read.floats.starts, expected.starts);
  }
}

TEST(ReadingTest, PastTimeIsWhereALoopStops) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 500; ++round) {
    std::vector<TimestampMs> times;
    std::int64_t t = 0;
    for (std::size_t n = random() % 300; n > 0; --n) {
      times.push_back(TimestampMs(t));
      t += 1 + static_cast<std::int64_t>(random() % 3);
    }
    std::size_t from = 0;
    for (std::int64_t at = -1; at < t + 2; at += 1 + static_cast<std::int64_t>(random() % 120)) {
      std::size_t expected = from;
      while (expected < times.size() && times[expected] <= TimestampMs(at)) ++expected;
      from = PastTime(times, from, TimestampMs(at));
      ASSERT_EQ(from, expected);
    }
  }
}

}  // namespace
}  // namespace bellwether::promql
