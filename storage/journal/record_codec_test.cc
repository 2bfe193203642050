#include "storage/journal/record_codec.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "metric/sample.h"

namespace bellwether::storage {
namespace {

using base::TimestampMs;
using metric::Labels;

FloatSample CodecSample(std::uint64_t ref, std::int64_t ms, double value, std::int64_t start = 0) {
  return {static_cast<SeriesRef>(ref), TimestampMs(ms), value, TimestampMs(start)};
}

void ExpectSameFloats(const std::vector<FloatSample>& got, const std::vector<FloatSample>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(got[i].ref, want[i].ref);
    EXPECT_EQ(got[i].timestamp, want[i].timestamp);
    EXPECT_EQ(got[i].start_timestamp, want[i].start_timestamp);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(got[i].value), std::bit_cast<std::uint64_t>(want[i].value));
  }
}

// Returns the bytes it took.
std::size_t CheckFloatRoundTrip(const std::vector<FloatSample>& samples) {
  CommitEncoder encoder;
  encoder.AddFloats(samples, std::vector<std::uint8_t>(samples.size(), 1));
  DecodedCommit commit;
  const base::Status status = DecodeCommit(encoder.Payload(), commit);
  EXPECT_TRUE(status.ok()) << status.ToString();
  ExpectSameFloats(commit.floats, samples);
  return encoder.Payload().size();
}

TEST(RecordCodec, FloatsComeBackToTheBit) {
  CheckFloatRoundTrip({});
  CheckFloatRoundTrip({CodecSample(1, 1000, 1)});
  CheckFloatRoundTrip({CodecSample(1, 1000, -0.0), CodecSample(2, 1000, 0.0)});
  CheckFloatRoundTrip({CodecSample(~0ULL, std::numeric_limits<std::int64_t>::max(), 0.1),
                       CodecSample(1, std::numeric_limits<std::int64_t>::min(), 1e300)});
  CheckFloatRoundTrip({CodecSample(7, 5, metric::kStaleMarker), CodecSample(7, 6, std::nan("")),
                       CodecSample(7, 7, INFINITY), CodecSample(7, 8, -INFINITY)});
  CheckFloatRoundTrip({CodecSample(3, 10, 0.125, 5), CodecSample(2, 10, 1e13, 5), CodecSample(1, 9, -1e13 + 1)});
  CheckFloatRoundTrip({CodecSample(3, 10, 5e-324), CodecSample(2, 10, 0.001), CodecSample(1, 9, -123.456)});
}

TEST(RecordCodec, RandomFloatsComeBackToTheBit) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::vector<FloatSample> samples(random() % 50);
    for (FloatSample& s : samples) {
      const double value = (random() & 1) != 0
                               ? std::bit_cast<double>(random())
                               : static_cast<double>(random() % 100'000) / static_cast<double>(random() % 3 + 1);
      s = CodecSample(random() >> (random() % 64), static_cast<std::int64_t>(random() >> (random() % 64)), value,
                      (random() & 7) == 0 ? static_cast<std::int64_t>(random()) : 0);
    }
    CheckFloatRoundTrip(samples);
  }
}

TEST(RecordCodec, AScrapeIsSmall) {
  std::vector<FloatSample> samples;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    samples.push_back(CodecSample(1000 + i, 1'700'000'000'000, static_cast<double>(i * 37 % 5000)));
  }
  EXPECT_LE(CheckFloatRoundTrip(samples), 1000 * 5);
}

TEST(RecordCodec, WritesOnlyWhatIsSelected) {
  CommitEncoder encoder;
  const std::vector<FloatSample> samples = {CodecSample(1, 10, 1), CodecSample(2, 20, 2), CodecSample(3, 30, 3)};
  encoder.AddFloats(samples, std::vector<std::uint8_t>{1, 0, 1});
  DecodedCommit commit;
  ASSERT_TRUE(DecodeCommit(encoder.Payload(), commit).ok());
  ExpectSameFloats(commit.floats, {samples[0], samples[2]});
  encoder.Clear();
  encoder.AddFloats(samples, std::vector<std::uint8_t>{0, 0, 0});
  EXPECT_TRUE(encoder.empty());
  EXPECT_EQ(encoder.Payload(), "");
}

TEST(RecordCodec, AWholeCommitComesBack) {
  metric::NativeHistogram h;
  h.schema = 2;
  h.count = 3;
  h.sum = 4.5;
  h.positive_spans = {{0, 2}};
  h.positive_buckets = {1, 2};
  const MetricMetadata metadata{"requests_total", MetricType::kCounter, "requests", "How many."};
  const Labels labels{{"__name__", "requests_total"}, {"job", "api"}};
  CommitEncoder encoder;
  encoder.AddMetadata(metadata);
  encoder.AddHistogram({SeriesRef(9), TimestampMs(50), &h, TimestampMs(7)});
  encoder.AddHistogram({SeriesRef(4), TimestampMs(40), &h, TimestampMs(0)});
  const std::vector<FloatSample> samples = {CodecSample(4, 40, 1)};
  encoder.AddFloats(samples, std::vector<std::uint8_t>{1});
  encoder.AddSeries(SeriesRef(9), labels);
  encoder.AddSeries(SeriesRef(4), Labels{{"__name__", "up"}});

  DecodedCommit commit;
  ASSERT_TRUE(DecodeCommit(encoder.Payload(), commit).ok());
  ASSERT_EQ(commit.series.size(), 2u);
  EXPECT_EQ(commit.series[0].ref, SeriesRef(9));
  EXPECT_EQ(commit.series[0].labels, labels);
  EXPECT_EQ(commit.series[1].ref, SeriesRef(4));
  ExpectSameFloats(commit.floats, samples);
  ASSERT_EQ(commit.histograms.size(), 2u);
  EXPECT_EQ(commit.histograms[0].ref, SeriesRef(9));
  EXPECT_EQ(commit.histograms[0].histogram, h);
  EXPECT_EQ(commit.histograms[0].start_timestamp, TimestampMs(7));
  EXPECT_EQ(commit.histograms[1].timestamp, TimestampMs(40));
  ASSERT_EQ(commit.metadata.size(), 1u);
  EXPECT_EQ(commit.metadata[0], metadata);
}

void ExpectRefused(std::string_view payload) {
  DecodedCommit commit;
  EXPECT_EQ(DecodeCommit(payload, commit).code(), base::StatusCode::kCorruption);
}

TEST(RecordCodec, SaysSinceWhenItsRefsCount) {
  CommitEncoder encoder;
  DecodedCommit commit;
  encoder.SetSince(300);
  encoder.AddFloats(std::vector<FloatSample>{CodecSample(1, 1000, 1)}, std::vector<std::uint8_t>{1});
  ASSERT_TRUE(DecodeCommit(encoder.Payload(), commit).ok());
  EXPECT_EQ(commit.since, 300u);
  EXPECT_EQ(commit.floats.size(), 1u);
  encoder.Clear();
  ASSERT_TRUE(DecodeCommit(encoder.Payload(), commit).ok());
  EXPECT_EQ(commit.since, 0u);
  using namespace std::string_literals;
  for (const std::string& bad : {"\x05\x00"s, "\x05\x01\x00"s, "\x05\x02\x01\x01"s, "\x05\x01\x80"s}) {
    EXPECT_FALSE(DecodeCommit(bad, commit).ok()) << testing::PrintToString(bad);
  }
}

TEST(RecordCodec, RefusesWhatItDidNotWrite) {
  ExpectRefused("\x09\x01x");                                        // Unknown kind.
  ExpectRefused("\x02\x05x");                                        // Longer than the payload.
  ExpectRefused(std::string_view("\x02\x03\xff\xff\x7f", 5));        // More samples than bytes.
  ExpectRefused(std::string_view("\x02\x05\x01\x02\0\0\x01", 7));    // Unknown flag.
  ExpectRefused(std::string_view("\x02\x05\x01\0\0\0\x03", 7));      // Unknown form of value.
  ExpectRefused(std::string_view("\x02\x06\x01\0\0\0\x01\x01", 8));  // A byte too many.
  ExpectRefused(std::string_view("\x01\x02\x02\0", 4));              // A series without labels.
  ExpectRefused(std::string_view("\x04\x04\x01x\x63\0", 6));         // Unknown metric type.
}

TEST(RecordCodec, EveryPrefixIsRefusedOrShorter) {
  CommitEncoder encoder;
  std::vector<FloatSample> samples;
  for (std::uint64_t i = 0; i < 20; ++i) samples.push_back(CodecSample(i, 1000, 0.1));
  encoder.AddFloats(samples, std::vector<std::uint8_t>(samples.size(), 1));
  const std::string whole(encoder.Payload());
  for (std::size_t n = 1; n < whole.size(); ++n) ExpectRefused(std::string_view(whole).substr(0, n));
}

}  // namespace
}  // namespace bellwether::storage
