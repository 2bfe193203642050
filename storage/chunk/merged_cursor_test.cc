#include "storage/chunk/merged_cursor.h"

#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "storage/chunk/float_columns.h"
#include "storage/chunk/histogram_chunk.h"
#include "storage/chunk/reset_hints.h"

namespace bellwether::storage::chunk {
namespace {

using base::TimestampMs;

struct NamedChunk {
  std::string bytes;
  std::vector<TimestampMs> times;
  [[nodiscard]] ChunkView view() const {
    return {bytes, times.front(), times.back(), static_cast<std::uint32_t>(times.size())};
  }
};

NamedChunk FloatChunk(const std::vector<std::pair<std::int64_t, double>>& samples) {
  NamedChunk chunk;
  std::vector<double> values;
  for (const auto& [t, v] : samples) {
    chunk.times.emplace_back(t);
    values.push_back(v);
  }
  EncodeFloatColumns(chunk.times, values, {}, chunk.bytes);
  return chunk;
}

NamedChunk HistogramChunk(const std::vector<std::pair<std::int64_t, double>>& samples) {
  NamedChunk chunk;
  std::vector<metric::NativeHistogram> histograms;
  for (const auto& [t, count] : samples) {
    chunk.times.emplace_back(t);
    histograms.emplace_back();
    histograms.back().count = count;
  }
  EncodeHistograms(chunk.times, histograms, {}, chunk.bytes);
  return chunk;
}

// "1=5 2=6 | 3h7n": samples of the batches; h and the hint (u, r, n, g) behind histograms.
std::string Read(const std::vector<NamedChunk>& chunks, std::int64_t min = -1000, std::int64_t max = 1000) {
  std::vector<ChunkView> views;
  for (const NamedChunk& c : chunks) views.push_back(c.view());
  MergedCursor cursor;
  cursor.Reset(views, TimestampMs(min), TimestampMs(max));
  std::string text;
  SampleBatch batch;
  while (cursor.Next(batch)) {
    if (!text.empty()) text += "| ";
    for (std::size_t i = 0; i < batch.timestamps.size(); ++i) {
      text += std::to_string(batch.timestamps[i].ms);
      if (batch.histograms.empty()) {
        text += "=" + std::to_string(static_cast<int>(batch.values[i])) + " ";
      } else {
        const auto& h = *batch.histograms[i];
        text += "h" + std::to_string(static_cast<int>(h.count)) + "urng"[static_cast<int>(h.reset_hint)] + " ";
      }
    }
  }
  return cursor.status().ok() ? text : cursor.status().ToString();
}

TEST(MergedCursorTest, ReadsChunksInOrderOfTime) {
  EXPECT_EQ(Read({}), "");
  EXPECT_EQ(Read({FloatChunk({{1, 1}, {2, 2}})}), "1=1 2=2 ");
  EXPECT_EQ(Read({FloatChunk({{3, 3}}), FloatChunk({{1, 1}, {2, 2}})}), "1=1 2=2 | 3=3 ");
  EXPECT_EQ(Read({FloatChunk({{1, 1}, {2, 2}, {5, 5}})}, 2, 4), "2=2 ");
  EXPECT_EQ(Read({FloatChunk({{1, 1}, {5, 5}}), FloatChunk({{6, 6}})}, 2, 4), "");
}

TEST(MergedCursorTest, OfEqualTimesTheChunkNamedFirstIsRead) {
  EXPECT_EQ(Read({FloatChunk({{2, 20}, {4, 40}}), FloatChunk({{1, 1}, {2, 2}, {3, 3}})}), "1=1 2=20 3=3 4=40 ");
  EXPECT_EQ(Read({FloatChunk({{1, 1}, {2, 2}, {3, 3}}), FloatChunk({{2, 20}, {4, 40}})}), "1=1 2=2 3=3 4=40 ");
  EXPECT_EQ(Read({FloatChunk({{1, 1}}), FloatChunk({{1, 2}}), FloatChunk({{1, 3}}), FloatChunk({{9, 9}})}),
            "1=1 | 9=9 ");
}

TEST(MergedCursorTest, HintsGoOnOverChunksAndStopAtFloats) {
  EXPECT_EQ(Read({HistogramChunk({{1, 1}, {2, 2}}), HistogramChunk({{3, 3}, {4, 1}})}), "1h1u 2h2n | 3h3n 4h1u ");
  EXPECT_EQ(Read({HistogramChunk({{1, 1}, {3, 3}}), FloatChunk({{2, 2}})}), "1h1u | 2=2 | 3h3u ");
  EXPECT_EQ(Read({HistogramChunk({{1, 1}, {3, 3}}), HistogramChunk({{2, 5}})}), "1h1u 2h5n 3h3u ");
}

TEST(MergedCursorTest, TheFirstHintOfARangeFollowsFromTheSampleBeforeIt) {
  const NamedChunk early = HistogramChunk({{1, 1}, {2, 2}});
  EXPECT_EQ(Read({early}, 2), "2h2n ");
  EXPECT_EQ(Read({early, HistogramChunk({{3, 3}})}, 3), "3h3n ");
  EXPECT_EQ(Read({early, HistogramChunk({{3, 1}, {4, 4}})}, 3), "3h1u 4h4n ");
  EXPECT_EQ(Read({early, HistogramChunk({{5, 5}, {9, 9}}), HistogramChunk({{4, 7}, {6, 8}})}, 5), "5h5u 6h8n 9h9n ");
  // The sample before may be anywhere: in a chunk that overlaps, in one that does not, or be a float.
  EXPECT_EQ(Read({HistogramChunk({{1, 1}, {4, 4}}), HistogramChunk({{3, 5}})}, 4), "4h4u ");
  EXPECT_EQ(Read({HistogramChunk({{1, 1}, {4, 4}}), HistogramChunk({{1, 9}})}, 4), "4h4n ");
  EXPECT_EQ(Read({HistogramChunk({{1, 9}}), HistogramChunk({{1, 1}, {4, 4}})}, 4), "4h4u ");
  EXPECT_EQ(Read({early, FloatChunk({{3, 3}}), HistogramChunk({{4, 4}})}, 4), "4h4u ");
  EXPECT_EQ(Read({early, FloatChunk({{3, 3}}), HistogramChunk({{4, 4}})}, 3), "3=3 | 4h4u ");
  const std::int64_t far = kHintLookback.ms + 2;
  EXPECT_EQ(Read({early, HistogramChunk({{far, 3}})}, far, far), std::to_string(far) + "h3n ");
  EXPECT_EQ(Read({early, HistogramChunk({{far + 1, 3}})}, far + 1, far + 1), std::to_string(far + 1) + "h3u ");
  NamedChunk damaged = early;
  damaged.bytes = "no";
  EXPECT_EQ(Read({damaged, HistogramChunk({{3, 3}})}, 3), "3h3u ");
}

TEST(MergedCursorTest, BytesThatAreNoChunkAreCorruption) {
  NamedChunk chunk = FloatChunk({{1, 1}, {2, 2}});
  chunk.times.back() = TimestampMs(3);
  EXPECT_NE(Read({chunk}).find("corruption"), std::string::npos);
  chunk.bytes = "no";
  EXPECT_NE(Read({FloatChunk({{0, 1}}), chunk}).find("corruption"), std::string::npos);
}

TEST(MergedCursorTest, RandomChunksReadAsAMapDoes) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    std::vector<NamedChunk> chunks;
    std::map<std::int64_t, double> expected;
    for (std::size_t c = random() % 6; c > 0; --c) {
      std::vector<std::pair<std::int64_t, double>> samples;
      auto t = static_cast<std::int64_t>(random() % 60);
      for (std::size_t i = 1 + random() % 9; i > 0; --i) {
        samples.emplace_back(t, static_cast<double>(random() % 100));
        expected.emplace(samples.back());
        t += 1 + static_cast<std::int64_t>(random() % 9);
      }
      chunks.push_back(FloatChunk(samples));
    }
    const auto min = static_cast<std::int64_t>(random() % 60);
    const std::int64_t max = min + static_cast<std::int64_t>(random() % 60);
    std::string text;
    for (const auto& [t, v] : expected) {
      if (min <= t && t <= max) text += std::to_string(t) + "=" + std::to_string(static_cast<int>(v)) + " ";
    }
    std::string read = Read(chunks, min, max);
    std::erase(read, '|');
    std::string::size_type twice = 0;
    while ((twice = read.find("  ")) != std::string::npos) read.erase(twice, 1);
    ASSERT_EQ(read, text);
  }
}

}  // namespace
}  // namespace bellwether::storage::chunk
