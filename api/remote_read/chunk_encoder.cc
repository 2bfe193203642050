#include "api/remote_read/chunk_encoder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <utility>

#include "api/remote_read/bit_writer.h"
#include "base/bytes.h"

namespace bellwether::api::remote_read {
namespace {

constexpr std::uint32_t kChunkSamplesMax = 120;

// Whether `v` is in -(2^(bits-1)-1) .. 2^(bits-1): not two's complement, but the range that Prometheus reads back.
bool FitsBits(std::int64_t v, unsigned bits) {
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  return v >= -(half - 1) && v <= half;
}

// Differences of what a sender may choose freely; they wrap as Go's do.
std::int64_t WrappingDifference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

void WriteVarint(BitWriter& out, std::uint64_t v) {
  for (; v >= 0x80; v >>= 7) out.Byte(static_cast<std::uint8_t>(v | 0x80));
  out.Byte(static_cast<std::uint8_t>(v));
}

// The widths of a varbit number; each has one more 1 in front of its prefix than the one before, the last has no 0.
constexpr unsigned kVarbitWidths[] = {3, 6, 9, 12, 18, 25, 56};

template <typename Fits>
void WriteVarbitBits(BitWriter& out, std::uint64_t bits, const Fits& fits) {
  unsigned prefix_bits = 2;
  for (const unsigned width : kVarbitWidths) {
    if (fits(width)) {
      out.Bits((std::uint64_t{1} << prefix_bits) - 2, prefix_bits);
      return out.Bits(bits, width);
    }
    ++prefix_bits;
  }
  out.Bits(0xff, 8);
  out.Bits(bits, 64);
}

void WriteVarbitInt(BitWriter& out, std::int64_t v) {
  if (v == 0) return out.Bit(false);
  WriteVarbitBits(out, static_cast<std::uint64_t>(v), [v](unsigned width) { return FitsBits(v, width); });
}

void WriteVarbitUint(BitWriter& out, std::uint64_t v) {
  if (v == 0) return out.Bit(false);
  WriteVarbitBits(out, v, [v](unsigned width) { return v < std::uint64_t{1} << width; });
}

// The bytes that `out` fills, with the number of samples at their front.
EncodedChunk Finished(BitWriter& out, std::uint32_t samples, EncodedChunk& chunk) {
  out.Finish();
  chunk.bytes[0] = static_cast<char>(samples >> 8);
  chunk.bytes[1] = static_cast<char>(samples);
  return std::move(chunk);
}

void WriteZeroThreshold(BitWriter& out, double threshold) {
  if (threshold == 0) return out.Byte(0);
  int exponent = 0;
  const double fraction = std::frexp(threshold, &exponent);
  if (fraction == 0.5 && exponent >= -242 && exponent <= 11) return out.Byte(static_cast<std::uint8_t>(exponent + 243));
  out.Byte(255);
  out.Bits(std::bit_cast<std::uint64_t>(threshold), 64);
}

void WriteSpans(BitWriter& out, const std::vector<metric::BucketSpan>& spans) {
  WriteVarbitUint(out, spans.size());
  for (const metric::BucketSpan& span : spans) {
    WriteVarbitUint(out, span.length);
    WriteVarbitInt(out, span.offset);
  }
}

// Bounds that are whole thousandths are written as such.
void WriteCustomBound(BitWriter& out, double bound) {
  constexpr double kThousandthsMax = 33'554'430;  // What four bytes hold.
  const double thousandths = bound * 1000;
  if (thousandths >= 0 && thousandths <= kThousandthsMax && std::round(thousandths) / 1000 == bound) {
    return WriteVarbitUint(out, static_cast<std::uint64_t>(std::round(thousandths)) + 1);
  }
  out.Bit(false);
  out.Bits(std::bit_cast<std::uint64_t>(bound), 64);
}

// The first two bits of the header.
std::uint8_t ResetFlags(metric::CounterResetHint hint) {
  switch (hint) {
    case metric::CounterResetHint::kReset: return 0b1000'0000;
    case metric::CounterResetHint::kNotReset: return 0b0100'0000;
    case metric::CounterResetHint::kGauge: return 0b1100'0000;
    case metric::CounterResetHint::kUnknown: break;
  }
  return 0;
}

// Counts are whole numbers below 2^53 here.
std::int64_t AsInteger(double count) { return static_cast<std::int64_t>(count); }

}  // namespace

// A float as what changed since the one before it.
class ChunkEncoder::XorValue {
 public:
  void WriteFirst(BitWriter& out, double v) {
    bits_ = std::bit_cast<std::uint64_t>(v);
    window_ = false;
    out.Bits(bits_, 64);
  }

  void WriteNext(BitWriter& out, double v) {
    const std::uint64_t changed = std::bit_cast<std::uint64_t>(v) ^ bits_;
    bits_ = std::bit_cast<std::uint64_t>(v);
    if (changed == 0) return out.Bit(false);
    out.Bit(true);
    const auto leading = static_cast<unsigned>(std::min(std::countl_zero(changed), 31));
    const auto trailing = static_cast<unsigned>(std::countr_zero(changed));
    const bool same_window = window_ && leading >= leading_ && trailing >= trailing_;
    out.Bit(!same_window);
    if (!same_window) {
      window_ = true;
      leading_ = leading;
      trailing_ = trailing;
      out.Bits(leading_, 5);
      out.Bits(64 - leading_ - trailing_, 6);  // 64 is written as 0.
    }
    out.Bits(changed >> trailing_, 64 - leading_ - trailing_);
  }

 private:
  std::uint64_t bits_ = 0;
  bool window_ = false;  // There is a window of changed bits.
  unsigned leading_ = 0;
  unsigned trailing_ = 0;
};

// An integer as the difference between its differences.
class ChunkEncoder::DeltaOfDelta {
 public:
  void Begin(std::int64_t v) {
    value_ = v;
    delta_ = 0;
  }
  [[nodiscard]] std::int64_t Next(std::int64_t v) {
    const std::int64_t delta = WrappingDifference(v, value_);
    const std::int64_t result = WrappingDifference(delta, delta_);
    value_ = v;
    delta_ = delta;
    return result;
  }

 private:
  std::int64_t value_ = 0;
  std::int64_t delta_ = 0;
};

class ChunkEncoder::XorChunk {
 public:
  [[nodiscard]] bool empty() const { return samples_ == 0; }
  [[nodiscard]] bool full() const { return samples_ >= kChunkSamplesMax; }

  void Add(base::TimestampMs t, double v) {
    if (samples_ == 0) {
      chunk_ = {.encoding = ChunkEncoding::kXor, .min = t, .max = t, .bytes = std::string(2, '\0')};
      WriteVarint(out_, base::ZigZag(t.ms));
      value_.WriteFirst(out_, v);
      time_.Begin(t.ms);
    } else {
      const std::int64_t change = time_.Next(t.ms);
      if (samples_ == 1) {
        WriteVarint(out_, static_cast<std::uint64_t>(change));
      } else {
        WriteTimeChange(change);
      }
      value_.WriteNext(out_, v);
    }
    chunk_.max = t;
    ++samples_;
  }

  EncodedChunk Take() { return Finished(out_, std::exchange(samples_, 0), chunk_); }

 private:
  void WriteTimeChange(std::int64_t change) {
    if (change == 0) return out_.Bit(false);
    unsigned prefix_bits = 2;
    for (const unsigned width : {14u, 17u, 20u}) {
      if (FitsBits(change, width)) {
        out_.Bits((std::uint64_t{1} << prefix_bits) - 2, prefix_bits);
        return out_.Bits(static_cast<std::uint64_t>(change), width);
      }
      ++prefix_bits;
    }
    out_.Bits(0b1111, 4);
    out_.Bits(static_cast<std::uint64_t>(change), 64);
  }

  EncodedChunk chunk_;
  BitWriter out_{chunk_.bytes};
  std::uint32_t samples_ = 0;
  DeltaOfDelta time_;
  XorValue value_;
};

class ChunkEncoder::HistogramChunk {
 public:
  [[nodiscard]] bool empty() const { return samples_ == 0; }

  // Whether `h` can follow in this chunk, to which something was added.
  [[nodiscard]] bool Continues(const metric::NativeHistogram& h) const {
    if (samples_ >= kChunkSamplesMax || h.is_float != layout_.is_float || h.IsStale() || layout_.IsStale())
      return false;
    const bool gauge = h.reset_hint == metric::CounterResetHint::kGauge;
    if (gauge != (layout_.reset_hint == metric::CounterResetHint::kGauge)) return false;
    if (!gauge && h.reset_hint != metric::CounterResetHint::kNotReset) return false;
    return h.schema == layout_.schema && h.zero_threshold == layout_.zero_threshold &&
           h.positive_spans == layout_.positive_spans && h.negative_spans == layout_.negative_spans &&
           h.custom_values == layout_.custom_values;
  }

  void Add(base::TimestampMs t, const metric::NativeHistogram& h) {
    if (samples_ == 0) {
      Begin(t, h);
    } else {
      WriteVarbitInt(out_, time_.Next(t.ms));
    }
    if (layout_.is_float) {
      AddFloatCounts(h);
    } else {
      AddIntegerCounts(h);
    }
    chunk_.max = t;
    ++samples_;
  }

  EncodedChunk Take() { return Finished(out_, std::exchange(samples_, 0), chunk_); }

 private:
  void Begin(base::TimestampMs t, const metric::NativeHistogram& h) {
    layout_ = h;
    if (h.IsStale()) {  // Of such a one nothing but the sum counts.
      layout_ = {};
      layout_.is_float = h.is_float;
      layout_.reset_hint = h.reset_hint;
      layout_.sum = h.sum;
    }
    chunk_ = {.encoding = h.is_float ? ChunkEncoding::kFloatHistogram : ChunkEncoding::kHistogram,
              .min = t,
              .max = t,
              .bytes = std::string(2, '\0')};
    out_.Byte(ResetFlags(h.reset_hint));
    WriteZeroThreshold(out_, layout_.zero_threshold);
    WriteVarbitInt(out_, layout_.schema);
    WriteSpans(out_, layout_.positive_spans);
    WriteSpans(out_, layout_.negative_spans);
    if (layout_.UsesCustomBuckets()) {
      WriteVarbitUint(out_, layout_.custom_values.size());
      for (const double bound : layout_.custom_values) WriteCustomBound(out_, bound);
    }
    const std::size_t buckets = layout_.positive_buckets.size() + layout_.negative_buckets.size();
    float_counts_.assign(layout_.is_float ? 2 + buckets : 0, {});
    integer_counts_.assign(layout_.is_float ? 0 : 2 + buckets, {});
    time_.Begin(t.ms);
    WriteVarbitInt(out_, t.ms);
  }

  // Count, zero count, sum, positive and negative buckets; of the first sample as they are.
  void AddFloatCounts(const metric::NativeHistogram& given) {
    const metric::NativeHistogram& h = samples_ == 0 ? layout_ : given;
    const auto write = [this](XorValue& value, double v) {
      samples_ == 0 ? value.WriteFirst(out_, v) : value.WriteNext(out_, v);
    };
    write(float_counts_[0], h.count);
    write(float_counts_[1], h.zero_count);
    write(sum_, h.sum);
    std::size_t i = 2;
    for (const double count : h.positive_buckets) write(float_counts_[i++], count);
    for (const double count : h.negative_buckets) write(float_counts_[i++], count);
  }

  // The same; buckets as differences to the one before.
  void AddIntegerCounts(const metric::NativeHistogram& given) {
    const metric::NativeHistogram& h = samples_ == 0 ? layout_ : given;
    WriteCount(integer_counts_[0], AsInteger(h.count));
    WriteCount(integer_counts_[1], AsInteger(h.zero_count));
    samples_ == 0 ? sum_.WriteFirst(out_, h.sum) : sum_.WriteNext(out_, h.sum);
    std::size_t i = 2;
    for (const auto* buckets : {&h.positive_buckets, &h.negative_buckets}) {
      std::int64_t before = 0;
      for (const double count : *buckets) {
        WriteBucket(integer_counts_[i++], AsInteger(count) - before);
        before = AsInteger(count);
      }
    }
  }

  void WriteCount(DeltaOfDelta& state, std::int64_t count) {
    if (samples_ > 0) return WriteVarbitInt(out_, state.Next(count));
    state.Begin(count);
    WriteVarbitUint(out_, static_cast<std::uint64_t>(count));
  }

  void WriteBucket(DeltaOfDelta& state, std::int64_t difference) {
    if (samples_ > 0) return WriteVarbitInt(out_, state.Next(difference));
    state.Begin(difference);
    WriteVarbitInt(out_, difference);
  }

  EncodedChunk chunk_;
  BitWriter out_{chunk_.bytes};
  std::uint32_t samples_ = 0;
  metric::NativeHistogram layout_;  // The first one.
  DeltaOfDelta time_;
  XorValue sum_;
  std::vector<XorValue> float_counts_;  // Count, zero count, buckets; of one kind only.
  std::vector<DeltaOfDelta> integer_counts_;
};

ChunkEncoder::ChunkEncoder() : floats_(std::make_unique<XorChunk>()), histograms_(std::make_unique<HistogramChunk>()) {}
ChunkEncoder::~ChunkEncoder() = default;

void ChunkEncoder::Add(const storage::SampleBatch& batch, std::vector<EncodedChunk>& chunks) {
  for (std::size_t i = 0; i < batch.values.size(); ++i) AddFloat(batch.timestamps[i], batch.values[i], chunks);
  for (std::size_t i = 0; i < batch.histograms.size(); ++i) {
    AddHistogram(batch.timestamps[i], *batch.histograms[i], chunks);
  }
}

void ChunkEncoder::AddFloat(base::TimestampMs t, double v, std::vector<EncodedChunk>& chunks) {
  if (!histograms_->empty()) chunks.push_back(histograms_->Take());
  if (floats_->full()) chunks.push_back(floats_->Take());
  floats_->Add(t, v);
}

void ChunkEncoder::AddHistogram(base::TimestampMs t, const metric::NativeHistogram& h,
                                std::vector<EncodedChunk>& chunks) {
  if (!floats_->empty()) chunks.push_back(floats_->Take());
  if (!histograms_->empty() && !histograms_->Continues(h)) chunks.push_back(histograms_->Take());
  histograms_->Add(t, h);
}

void ChunkEncoder::Finish(std::vector<EncodedChunk>& chunks) {
  if (!floats_->empty()) chunks.push_back(floats_->Take());
  if (!histograms_->empty()) chunks.push_back(histograms_->Take());
}

}  // namespace bellwether::api::remote_read
