#include "storage/chunk/chunk_merger.h"

#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "storage/chunk/chunk.h"
#include "storage/chunk/float_columns.h"
#include "storage/chunk/histogram_chunk.h"

namespace bellwether::storage::chunk {
namespace {

using base::TimestampMs;

// Chunks of one series and the samples that are to be read from them, oldest write first.
struct MergeCase {
  std::deque<std::string> bytes;
  std::vector<ChunkView> chunks;
  std::map<std::int64_t, double> samples;            // Of a histogram its count.
  std::map<std::int64_t, std::int64_t> start_times;  // Where one is known.

  void Add(const Columns& columns) {
    std::string& chunk = bytes.emplace_back();
    if (columns.histograms.empty()) {
      EncodeFloatColumns(columns.timestamps, columns.values, columns.start_timestamps, chunk);
    } else {
      EncodeHistograms(columns.timestamps, columns.histograms, columns.start_timestamps, chunk);
    }
    chunks.push_back({chunk, columns.timestamps.front(), columns.timestamps.back(),
                      static_cast<std::uint32_t>(columns.timestamps.size())});
    for (std::size_t i = 0; i < columns.timestamps.size(); ++i) {
      const double value = columns.histograms.empty() ? columns.values[i] : columns.histograms[i].count;
      if (!samples.emplace(columns.timestamps[i].ms, value).second) continue;
      if (!columns.start_timestamps.empty() && columns.start_timestamps[i].ms != 0) {
        start_times[columns.timestamps[i].ms] = columns.start_timestamps[i].ms;
      }
    }
  }
};

Columns RegularColumns(std::int64_t from, std::size_t n, std::int64_t step = 15'000) {
  Columns columns;
  for (std::size_t i = 0; i < n; ++i) {
    columns.timestamps.emplace_back(from + static_cast<std::int64_t>(i) * step);
    columns.values.push_back(static_cast<double>((from / 1000 + static_cast<std::int64_t>(i) * 7919) % 23));
  }
  return columns;
}

// What was merged reads as it should, in chunks that follow each other and say of themselves what is true.
void ExpectMerged(const MergeCase& c, std::span<const ChunkView> merged) {
  std::map<std::int64_t, double> read;
  std::map<std::int64_t, std::int64_t> starts;
  for (std::size_t i = 0; i < merged.size(); ++i) {
    Columns columns;
    ASSERT_TRUE(DecodeChunk(merged[i].bytes, columns));
    const std::size_t n = columns.timestamps.size();
    ASSERT_EQ(n, merged[i].count);
    ASSERT_LE(n, columns.histograms.empty() ? kMergedFloatsMax : kMergedHistogramsMax);
    ASSERT_EQ(columns.timestamps.front(), merged[i].min);
    ASSERT_EQ(columns.timestamps.back(), merged[i].max);
    if (i > 0) {
      ASSERT_LT(merged[i - 1].max, merged[i].min);
    }
    for (std::size_t s = 0; s < n; ++s) {
      read[columns.timestamps[s].ms] = columns.histograms.empty() ? columns.values[s] : columns.histograms[s].count;
      if (!columns.start_timestamps.empty() && columns.start_timestamps[s].ms != 0) {
        starts[columns.timestamps[s].ms] = columns.start_timestamps[s].ms;
      }
    }
  }
  ASSERT_EQ(read, c.samples);
  ASSERT_EQ(starts, c.start_times);
}

TEST(ChunkMergerTest, SmallChunksBecomeEvenLargeOnes) {
  const auto counts = [](const std::vector<std::size_t>& sizes) {
    MergeCase c;
    std::int64_t t = 1'700'000'000'000;
    for (const std::size_t n : sizes) {
      c.Add(RegularColumns(t, n));
      t += static_cast<std::int64_t>(n) * 15'000;
    }
    ChunkMerger merger;
    EXPECT_TRUE(merger.Merge(c.chunks, {}).ok());
    ExpectMerged(c, merger.merged());
    std::vector<std::size_t> result;
    for (const ChunkView& view : merger.merged()) result.push_back(view.count);
    return result;
  };
  using Counts = std::vector<std::size_t>;
  EXPECT_EQ(counts({240, 240, 240}), Counts({720}));
  EXPECT_EQ(counts({1023, 1023, 3}), Counts({1024, 1025}));
  EXPECT_EQ(counts({720, 720, 720}), Counts({1080, 1080}));
  EXPECT_EQ(counts({1440, 1440, 100, 100, 1440, 1}), Counts({1440, 1440, 200, 1440, 1}));
  EXPECT_EQ(counts({}), Counts());
}

TEST(ChunkMergerTest, LargeChunksStayAsTheyAre) {
  MergeCase c;
  c.Add(RegularColumns(0, 1440));
  c.Add(RegularColumns(1440 * 15'000, 1440));
  ChunkMerger merger;
  ASSERT_TRUE(merger.Merge(c.chunks, {}).ok());
  ASSERT_EQ(merger.merged().size(), 2u);
  EXPECT_EQ(merger.merged()[0].bytes.data(), c.chunks[0].bytes.data());
  EXPECT_EQ(merger.merged()[1].bytes.data(), c.chunks[1].bytes.data());
}

TEST(ChunkMergerTest, DeletedSamplesAreLeftOut) {
  MergeCase c;
  c.Add(RegularColumns(0, 1500, 10));
  c.Add(RegularColumns(15'000, 10, 10));
  std::vector<TimeInterval> deleted = {{TimestampMs(100), TimestampMs(14'000)}, {TimestampMs(0), TimestampMs(0)}};
  std::erase_if(c.samples, [](const auto& sample) {
    return sample.first == 0 || (sample.first >= 100 && sample.first <= 14'000);
  });
  ChunkMerger merger;
  ASSERT_TRUE(merger.Merge(c.chunks, deleted).ok());
  ExpectMerged(c, merger.merged());
  deleted = {{TimestampMs::Min(), TimestampMs::Max()}};
  ASSERT_TRUE(merger.Merge(c.chunks, deleted).ok());
  EXPECT_TRUE(merger.merged().empty());
}

TEST(ChunkMergerTest, DamageIsReported) {
  MergeCase c;
  c.Add(RegularColumns(0, 10));
  ChunkMerger merger;
  ChunkView cut = c.chunks[0];
  cut.bytes.remove_suffix(1);
  EXPECT_EQ(merger.Merge(std::vector<ChunkView>{cut}, {}).code(), base::StatusCode::kCorruption);
  ChunkView wrong_count = c.chunks[0];
  wrong_count.count = 11;
  EXPECT_EQ(merger.Merge(std::vector<ChunkView>{wrong_count}, {}).code(), base::StatusCode::kCorruption);
}

TEST(ChunkMergerTest, RandomChunksReadAsTheirOldestWrites) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  ChunkMerger merger;
  for (int round = 0; round < 150; ++round) {
    MergeCase c;
    const bool overlap = round % 2 == 0;
    std::int64_t t = 0;
    for (std::size_t n = random() % 8; n > 0; --n) {
      if (overlap) t = static_cast<std::int64_t>(random() % 20'000);
      const bool histograms = random() % 4 == 0;
      Columns columns;
      for (std::size_t i = random() % (!histograms && random() % 4 == 0 ? 1500 : 200);; --i) {
        columns.timestamps.emplace_back(t);
        if (histograms) {
          metric::NativeHistogram h;
          h.count = static_cast<double>(random() % 100);
          columns.histograms.push_back(h);
        } else {
          columns.values.push_back(static_cast<double>(random() % 100));
        }
        t += 1 + static_cast<std::int64_t>(random() % 5);
        if (i == 0) break;
      }
      if (random() % 3 == 0) columns.start_timestamps.assign(columns.timestamps.size(), TimestampMs(5));
      c.Add(columns);
    }
    ASSERT_TRUE(merger.Merge(c.chunks, {}).ok());
    ExpectMerged(c, merger.merged());
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace bellwether::storage::chunk
