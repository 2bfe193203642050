// Random samples through the encoder and back by a decoder that is written from the description of the format; that
// Prometheus makes the same bytes is shown in tests/e2e/remote_read_test.py.
#include "api/remote_read/chunk_encoder.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <random>

#include "api/remote_read/crc32c.h"

namespace bellwether::api::remote_read {
namespace {

class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t Bits(unsigned n) {
    std::uint64_t v = 0;
    for (; n > 0; --n, ++at_) {
      EXPECT_LT(at_ / 8, bytes_.size());
      if (at_ / 8 >= bytes_.size()) return 0;
      v = v << 1 | (static_cast<unsigned char>(bytes_[at_ / 8]) >> (7 - at_ % 8) & 1u);
    }
    return v;
  }
  bool Bit() { return Bits(1) != 0; }
  double Real() { return std::bit_cast<double>(Bits(64)); }

  std::uint64_t Varint() {
    std::uint64_t v = 0;
    for (unsigned shift = 0;; shift += 7) {
      const std::uint64_t byte = Bits(8);
      v |= (byte & 0x7f) << shift;
      if (byte < 0x80) return v;
    }
  }
  std::int64_t ZigZag() {
    const std::uint64_t v = Varint();
    return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
  }
  std::int64_t Signed(unsigned n) {
    const std::uint64_t v = Bits(n);
    if (n == 64) return static_cast<std::int64_t>(v);
    const std::uint64_t half = std::uint64_t{1} << (n - 1);
    return static_cast<std::int64_t>(v > half ? v - 2 * half : v);
  }
  unsigned VarbitWidth() {
    constexpr unsigned kWidths[] = {0, 3, 6, 9, 12, 18, 25, 56, 64};
    unsigned ones = 0;
    while (ones < 8 && Bit()) ++ones;
    return kWidths[ones];
  }
  std::int64_t VarbitInt() {
    const unsigned width = VarbitWidth();
    return width == 0 ? 0 : Signed(width);
  }
  std::uint64_t VarbitUint() {
    const unsigned width = VarbitWidth();
    return width == 0 ? 0 : Bits(width);
  }

  // Only the filling of the last byte is left, and it is zero.
  void ExpectEnd() {
    EXPECT_EQ((at_ + 7) / 8, bytes_.size());
    while (at_ % 8 != 0) EXPECT_FALSE(Bit());
  }

 private:
  const std::string_view bytes_;
  std::size_t at_ = 0;
};

struct XorReader {
  double value = 0;
  unsigned leading = 0;
  unsigned significant = 0;

  double Next(BitReader& in) {
    if (!in.Bit()) return value;
    if (in.Bit()) {
      leading = static_cast<unsigned>(in.Bits(5));
      significant = static_cast<unsigned>(in.Bits(6));
      if (significant == 0) significant = 64;
    }
    const std::uint64_t bits = in.Bits(significant) << (64 - leading - significant);
    return value = std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) ^ bits);
  }
};

struct DecodedSample {
  std::int64_t t = 0;
  double value = 0;
  std::optional<metric::NativeHistogram> histogram;
};

void DecodeXor(BitReader in, std::vector<DecodedSample>& out) {
  const std::uint64_t samples = in.Bits(16);
  std::int64_t t = 0;
  std::int64_t delta = 0;
  XorReader value;
  for (std::uint64_t i = 0; i < samples; ++i) {
    if (i == 0) {
      t = in.ZigZag();
      value.value = in.Real();
    } else {
      if (i == 1) {
        delta = static_cast<std::int64_t>(in.Varint());
      } else {
        constexpr unsigned kWidths[] = {0, 14, 17, 20, 64};
        unsigned ones = 0;
        while (ones < 4 && in.Bit()) ++ones;
        if (ones > 0) delta += in.Signed(kWidths[ones]);
      }
      t += delta;
      value.Next(in);
    }
    out.push_back({t, value.value, std::nullopt});
  }
  in.ExpectEnd();
}

std::vector<metric::BucketSpan> DecodeSpans(BitReader& in, std::size_t& buckets) {
  std::vector<metric::BucketSpan> spans(in.VarbitUint());
  for (metric::BucketSpan& span : spans) {
    span.length = static_cast<std::uint32_t>(in.VarbitUint());
    span.offset = static_cast<std::int32_t>(in.VarbitInt());
    buckets += span.length;
  }
  return spans;
}

// The layout that all samples of a chunk share.
metric::NativeHistogram DecodeLayout(BitReader& in, bool is_float) {
  metric::NativeHistogram h;
  h.is_float = is_float;
  const std::uint64_t flags = in.Bits(8);
  if (flags == 0b1100'0000) h.reset_hint = metric::CounterResetHint::kGauge;
  if (flags == 0b0100'0000) h.reset_hint = metric::CounterResetHint::kNotReset;
  const std::uint64_t threshold = in.Bits(8);
  if (threshold == 255) {
    h.zero_threshold = in.Real();
  } else if (threshold > 0) {
    h.zero_threshold = std::ldexp(0.5, static_cast<int>(threshold) - 243);
  }
  h.schema = static_cast<std::int32_t>(in.VarbitInt());
  std::size_t positive = 0;
  std::size_t negative = 0;
  h.positive_spans = DecodeSpans(in, positive);
  h.negative_spans = DecodeSpans(in, negative);
  h.positive_buckets.resize(positive);
  h.negative_buckets.resize(negative);
  if (h.schema == metric::kCustomBucketsSchema) {
    h.custom_values.resize(in.VarbitUint());
    for (double& bound : h.custom_values) {
      const std::uint64_t thousandths = in.VarbitUint();
      bound = thousandths == 0 ? in.Real() : static_cast<double>(thousandths - 1) / 1000;
    }
  }
  return h;
}

void DecodeHistograms(BitReader in, bool is_float, std::vector<DecodedSample>& out) {
  const std::uint64_t samples = in.Bits(16);
  metric::NativeHistogram h = DecodeLayout(in, is_float);
  const std::size_t counts = 2 + h.positive_buckets.size() + h.negative_buckets.size();
  std::int64_t t = 0;
  std::int64_t t_delta = 0;
  XorReader sum;
  std::vector<XorReader> reals(counts);
  std::vector<std::int64_t> integers(counts);
  std::vector<std::int64_t> deltas(counts);
  for (std::uint64_t i = 0; i < samples; ++i) {
    const auto count_at = [&](std::size_t k) {
      if (is_float) return i == 0 ? reals[k].value = in.Real() : reals[k].Next(in);
      if (i == 0) {
        integers[k] = k < 2 ? static_cast<std::int64_t>(in.VarbitUint()) : in.VarbitInt();
      } else {
        deltas[k] += in.VarbitInt();
        integers[k] += deltas[k];
      }
      return static_cast<double>(integers[k]);
    };
    if (i == 0) {
      t = in.VarbitInt();
    } else {
      t_delta += in.VarbitInt();
      t += t_delta;
      if (h.reset_hint != metric::CounterResetHint::kGauge) h.reset_hint = metric::CounterResetHint::kNotReset;
    }
    h.count = count_at(0);
    h.zero_count = count_at(1);
    h.sum = i == 0 ? sum.value = in.Real() : sum.Next(in);
    std::size_t k = 2;
    for (auto* buckets : {&h.positive_buckets, &h.negative_buckets}) {
      double before = 0;
      for (double& count : *buckets) {
        count = count_at(k++) + (is_float ? 0 : before);
        before = count;
      }
    }
    out.push_back({t, 0, h});
  }
  in.ExpectEnd();
}

std::vector<DecodedSample> Decode(const std::vector<EncodedChunk>& chunks) {
  std::vector<DecodedSample> out;
  for (const EncodedChunk& chunk : chunks) {
    const std::size_t first = out.size();
    if (chunk.encoding == ChunkEncoding::kXor) {
      DecodeXor(BitReader(chunk.bytes), out);
    } else {
      DecodeHistograms(BitReader(chunk.bytes), chunk.encoding == ChunkEncoding::kFloatHistogram, out);
    }
    EXPECT_LT(first, out.size());
    EXPECT_EQ(chunk.min.ms, out[first].t);
    EXPECT_EQ(chunk.max.ms, out.back().t);
    EXPECT_LE(out.size() - first, 120u);
  }
  return out;
}

void ExpectRoundTrip(const std::vector<DecodedSample>& samples) {
  ChunkEncoder encoder;
  std::vector<EncodedChunk> chunks;
  for (const DecodedSample& sample : samples) {
    const base::TimestampMs t[] = {base::TimestampMs(sample.t)};
    const double v[] = {sample.value};
    const metric::NativeHistogram* h[] = {sample.histogram ? &*sample.histogram : nullptr};
    storage::SampleBatch batch;
    batch.timestamps = t;
    if (sample.histogram) {
      batch.histograms = h;
    } else {
      batch.values = v;
    }
    encoder.Add(batch, chunks);
  }
  encoder.Finish(chunks);
  const std::vector<DecodedSample> decoded = Decode(chunks);
  ASSERT_EQ(decoded.size(), samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    ASSERT_EQ(decoded[i].t, samples[i].t) << i;
    ASSERT_EQ(decoded[i].histogram.has_value(), samples[i].histogram.has_value()) << i;
    if (samples[i].histogram) {
      ASSERT_EQ(*decoded[i].histogram, *samples[i].histogram) << i;
    } else {
      ASSERT_EQ(std::bit_cast<std::uint64_t>(decoded[i].value), std::bit_cast<std::uint64_t>(samples[i].value)) << i;
    }
  }
}

class RandomSamples {
 public:
  explicit RandomSamples(std::uint64_t seed) : random_(seed) {}

  std::vector<DecodedSample> Make() {
    std::vector<DecodedSample> samples;
    std::int64_t t = static_cast<std::int64_t>(Below(2) == 0 ? 1'700'000'000'000 : 0) - 40'000;
    double value = 0;
    metric::NativeHistogram h;
    const std::uint64_t count = 1 + Below(400);
    const bool mixed = Below(3) == 0;
    bool histograms = Below(2) == 0;
    bool begun = false;
    while (samples.size() < count) {
      t += 1 + Gap();
      if (mixed && Below(40) == 0) {
        histograms = !histograms;
        begun = false;
      }
      if (!histograms) {
        value = NextValue(value);
        samples.push_back({t, value, std::nullopt});
        continue;
      }
      if (!begun || Below(30) == 0) {
        h = Layout();
      } else {
        Grow(h);
      }
      begun = true;
      samples.push_back({t, 0, h});
    }
    return samples;
  }

 private:
  std::uint64_t Below(std::uint64_t n) { return random_() % n; }

  std::int64_t Gap() {
    switch (Below(8)) {
      case 0: return static_cast<std::int64_t>(Below(std::uint64_t{1} << Below(45)));
      case 1: return static_cast<std::int64_t>(Below(9000));
      default: return 14'999;
    }
  }
  double NextValue(double value) {
    switch (Below(6)) {
      case 0: return value;
      case 1: return std::bit_cast<double>(random_());
      case 2: return -value;
      default: return value + static_cast<double>(Below(100)) / 4;
    }
  }
  metric::NativeHistogram Layout() {
    metric::NativeHistogram h;
    h.is_float = Below(2) == 0;
    h.reset_hint = Below(3) == 0 ? metric::CounterResetHint::kGauge : metric::CounterResetHint::kUnknown;
    constexpr double kThresholds[] = {0, 1e-128, 0.001, 0.0625, 2048, 4096};
    h.zero_threshold = kThresholds[Below(6)];
    h.schema = static_cast<std::int32_t>(Below(13)) - 4;
    if (Below(4) == 0) {
      h.schema = metric::kCustomBucketsSchema;
      h.zero_threshold = 0;
      h.custom_values = {0.005, 0.1, 1.0 / 3, 25, 33'554.43, 33'554.431, 1e9};
    }
    for (std::uint64_t spans = Below(4); spans > 0; --spans) {
      h.positive_spans.push_back({static_cast<std::int32_t>(Below(5)), static_cast<std::uint32_t>(1 + Below(4))});
      h.positive_buckets.resize(h.positive_buckets.size() + h.positive_spans.back().length);
    }
    if (h.schema >= metric::kMinExponentialSchema && Below(2) == 0) {
      h.negative_spans = {{-7, 3}};
      h.negative_buckets.resize(3);
    }
    Grow(h);
    if (h.reset_hint == metric::CounterResetHint::kNotReset) h.reset_hint = metric::CounterResetHint::kUnknown;
    return h;
  }
  void Grow(metric::NativeHistogram& h) {
    for (auto* buckets : {&h.positive_buckets, &h.negative_buckets}) {
      for (double& count : *buckets) count += static_cast<double>(Below(std::uint64_t{1} << Below(30)));
    }
    h.zero_count += static_cast<double>(Below(3));
    h.count += static_cast<double>(Below(1000));
    h.sum = NextValue(h.sum);
    if (h.is_float) h.count += 0.25;
    if (h.IsStale()) h.sum = 0;
    if (h.reset_hint != metric::CounterResetHint::kGauge) h.reset_hint = metric::CounterResetHint::kNotReset;
  }

  std::mt19937_64 random_;
};

TEST(RemoteReadChunksTest, RandomSamplesComeBack) {
  const std::uint64_t seed = std::random_device()();
  for (std::uint64_t round = 0; round < 300; ++round) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed + round);
    ExpectRoundTrip(RandomSamples(seed + round).Make());
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(RemoteReadChunksTest, TimesAtTheEdgesOfTheWidths) {
  std::vector<DecodedSample> samples;
  std::int64_t t = std::numeric_limits<std::int64_t>::min() / 4;
  std::int64_t delta = std::int64_t{1} << 22;
  samples.push_back({t, 1, std::nullopt});
  for (const std::int64_t change : {0L, 8191L, -8191L, 8192L, -8192L, 8193L, 65535L, 65536L, -65535L, -65536L, 65537L,
                                    524287L, -524287L, 524288L, -524288L, 524289L, 1L << 40}) {
    delta += change;
    samples.push_back({t += delta, 2, std::nullopt});
  }
  ExpectRoundTrip(samples);
}

TEST(RemoteReadChunksTest, StaleHistogramsStandAlone) {
  metric::NativeHistogram h;
  h.positive_spans = {{0, 2}};
  h.positive_buckets = {1, 2};
  h.count = 3;
  metric::NativeHistogram stale;
  stale.sum = std::bit_cast<double>(std::uint64_t{0x7ff0000000000002});
  ExpectRoundTrip({{1, 0, h}, {2, 0, stale}, {3, 0, stale}, {4, 0, h}});
}

TEST(RemoteReadChunksTest, KnownChecksums) {
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32c("a"), 0xc1d04330u);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
}

}  // namespace
}  // namespace bellwether::api::remote_read
