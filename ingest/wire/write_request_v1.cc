#include "ingest/wire/write_request_v1.h"

#include <bit>

#include <fmt/format.h>

#include "base/proto_reader.h"

namespace bellwether::ingest {
namespace {

using base::ProtoReader;
using base::WireType;

bool ReadLabel(std::string_view body, metric::LabelView& label) {
  ProtoReader reader(body);
  while (reader.Next()) {
    if (reader.Is(1, WireType::kBytes)) {
      label.name = reader.bytes();
    } else if (reader.Is(2, WireType::kBytes)) {
      label.value = reader.bytes();
    }
  }
  return reader.ok();
}

bool ReadSample(std::string_view body, storage::FloatSample& sample) {
  ProtoReader reader(body);
  while (reader.Next()) {
    if (reader.Is(1, WireType::kFixed64)) {
      sample.value = reader.real();
    } else if (reader.Is(2, WireType::kVarint)) {
      sample.timestamp = base::TimestampMs(reader.int64());
    }
  }
  return reader.ok();
}

bool ReadExemplar(std::string_view body, WireExemplar& exemplar) {
  exemplar.body = body;
  ProtoReader reader(body);
  while (reader.Next()) {
    if (reader.Is(2, WireType::kFixed64)) {
      exemplar.value = reader.real();
    } else if (reader.Is(3, WireType::kVarint)) {
      exemplar.timestamp = base::TimestampMs(reader.int64());
    }
  }
  return reader.ok();
}

bool ReadSpan(std::string_view body, metric::BucketSpan& span) {
  ProtoReader reader(body);
  while (reader.Next()) {
    if (reader.Is(1, WireType::kVarint)) {
      span.offset = reader.sint32();
    } else if (reader.Is(2, WireType::kVarint)) {
      span.length = reader.uint32();
    }
  }
  return reader.ok();
}

// Buckets arrive as differences to the bucket before (integer histograms) or as counts (float histograms).
struct BucketColumns {
  std::vector<double> from_deltas;
  std::vector<double> counts;
  std::int64_t last = 0;

  void AddDelta(std::int64_t delta) {
    // Wraps like the integers of the sender; a negative count is refused later.
    last = static_cast<std::int64_t>(static_cast<std::uint64_t>(last) + static_cast<std::uint64_t>(delta));
    from_deltas.push_back(static_cast<double>(last));
  }
};

bool ReadDeltas(const ProtoReader& field, BucketColumns& out) {
  if (field.type() == WireType::kVarint) out.AddDelta(field.sint64());
  if (field.type() != WireType::kBytes) return true;
  std::string_view packed = field.bytes();
  while (!packed.empty()) {
    std::uint64_t v = 0;
    if (!base::ReadProtoVarint(packed, v)) return false;
    out.AddDelta(base::UnZigZag(v));
  }
  return true;
}

bool ReadReals(const ProtoReader& field, std::vector<double>& out) {
  if (field.type() == WireType::kFixed64) out.push_back(field.real());
  if (field.type() != WireType::kBytes) return true;
  std::string_view packed = field.bytes();
  if (packed.size() % 8 != 0) return false;
  for (std::uint64_t bits = 0; base::ReadFixed64(packed, bits);) out.push_back(std::bit_cast<double>(bits));
  return true;
}

bool ReadSpanField(const ProtoReader& field, std::vector<metric::BucketSpan>& out) {
  return field.type() != WireType::kBytes || ReadSpan(field.bytes(), out.emplace_back());
}

metric::CounterResetHint ResetHintOf(std::uint64_t wire) {
  return wire <= 3 ? static_cast<metric::CounterResetHint>(wire) : metric::CounterResetHint::kUnknown;
}

// Fields 8 to 13 and 16: spans and buckets. False if malformed.
bool ReadBucketField(const ProtoReader& field, metric::NativeHistogram& h, BucketColumns& negative,
                     BucketColumns& positive) {
  switch (field.number()) {
    case 8: return ReadSpanField(field, h.negative_spans);
    case 9: return ReadDeltas(field, negative);
    case 10: return ReadReals(field, negative.counts);
    case 11: return ReadSpanField(field, h.positive_spans);
    case 12: return ReadDeltas(field, positive);
    case 13: return ReadReals(field, positive.counts);
    case 16: return ReadReals(field, h.custom_values);
    default: return true;
  }
}

void ReadScalarField(const ProtoReader& field, WireHistogram& out) {
  metric::NativeHistogram& h = out.histogram;
  if (field.type() == WireType::kFixed64) {
    switch (field.number()) {
      case 2:
        h.count = field.real();
        h.is_float = true;
        break;
      case 3: h.sum = field.real(); break;
      case 5: h.zero_threshold = field.real(); break;
      case 7: h.zero_count = field.real(); break;
      default: break;
    }
  } else if (field.type() == WireType::kVarint) {
    switch (field.number()) {
      case 1:
        h.count = static_cast<double>(field.varint());
        h.is_float = false;
        break;
      case 4: h.schema = field.sint32(); break;
      case 6: h.zero_count = static_cast<double>(field.varint()); break;
      case 14: h.reset_hint = ResetHintOf(field.varint()); break;
      case 15: out.timestamp = base::TimestampMs(field.int64()); break;
      default: break;
    }
  }
}

bool ReadHistogram(std::string_view body, WireHistogram& out) {
  BucketColumns negative, positive;
  ProtoReader reader(body);
  while (reader.Next()) {
    ReadScalarField(reader, out);
    if (!ReadBucketField(reader, out.histogram, negative, positive)) return false;
  }
  if (!reader.ok()) return false;
  metric::NativeHistogram& h = out.histogram;
  h.negative_buckets = std::move(h.is_float ? negative.counts : negative.from_deltas);
  h.positive_buckets = std::move(h.is_float ? positive.counts : positive.from_deltas);
  return true;
}

// Notes the extent of the label fields of one series.
struct LabelExtent {
  const char* begin = nullptr;
  const char* end = nullptr;
  bool together = true;

  void Add(const ProtoReader& field) {
    if (begin == nullptr) begin = field.field_start();
    if (end != nullptr && end != field.field_start()) together = false;
    end = field.field_end();
  }
  [[nodiscard]] std::string_view Alias() const {
    if (!together || begin == nullptr) return {};
    return {begin, static_cast<std::size_t>(end - begin)};
  }
};

constexpr char kSeriesLabelTag = 1 << 3 | 2;  // As they stand in a message, a byte each.
constexpr char kSeriesSampleTag = 2 << 3 | 2;
constexpr char kSampleValueTag = 1 << 3 | 1;
constexpr char kSampleTimeTag = 2 << 3 | 0;

// The field at `p`, if it has a one-byte length and ends by `end`; otherwise null.
const char* ShortFieldEnd(const char* p, const char* end) {
  if (end - p < 2) return nullptr;
  const auto length = static_cast<signed char>(p[1]);
  return length >= 0 && length <= end - p - 2 ? p + 2 + length : nullptr;
}

// The groups of seven bits of a varint of up to eight bytes as a number; its top bits do not count.
std::uint64_t JoinVarintGroups(std::uint64_t x) {
  x = (x & 0x007f007f007f007f) | (x & 0x7f007f007f007f00) >> 1;
  x = (x & 0x00003fff00003fff) | (x & 0x3fff00003fff0000) >> 2;
  return (x & 0x000000000fffffff) | (x & 0x0fffffff00000000) >> 4;
}

// The varint at `p`, which must be of less than nine bytes and end by `end`; eight bytes from `p` on can be read.
// Returns where it ends, null if it is another.
const char* ReadShortVarint(const char* p, const char* end, std::uint64_t& v) {
  std::uint64_t x = base::LoadFixed64(p);
  const std::uint64_t last = ~x & 0x8080808080808080u;  // The top bits of bytes that end a varint.
  if (last == 0) return nullptr;
  v = JoinVarintGroups(x & (last ^ (last - 1)));  // Up to the end of the first.
  p += std::countr_zero(last) / 8 + 1;
  return p <= end ? p : nullptr;
}

// What senders send: label fields, then sample fields, nothing else, each with a one-byte length. Reads such an entry
// in a fifth of the time. False of any other; then `out` has samples that do not count. `message_end` is behind `body`.
bool ReadPlainSeries(std::string_view body, const char* message_end, WireRequest& out) {
  const char* p = body.data();
  const char* const end = p + body.size();
  while (p != end && *p == kSeriesLabelTag) {
    p = ShortFieldEnd(p, end);
    if (p == nullptr) return false;
  }
  const char* const labels_end = p;
  while (p != end && *p == kSeriesSampleTag) {
    const char* const sample_end = ShortFieldEnd(p, end);
    if (sample_end == nullptr) return false;
    p += 2;
    storage::FloatSample& sample = out.samples.emplace_back();
    if (sample_end - p > 8 && *p == kSampleValueTag) {
      sample.value = std::bit_cast<double>(base::LoadFixed64(p + 1));
      p += 9;
    }
    if (p != sample_end && *p == kSampleTimeTag) {
      std::uint64_t v = 0;
      if (message_end - ++p < 8) return false;
      p = ReadShortVarint(p, sample_end, v);
      if (p == nullptr) return false;
      sample.timestamp = base::TimestampMs(static_cast<std::int64_t>(v));
    }
    if (p != sample_end) return false;
  }
  out.aliases.push_back(body.substr(0, static_cast<std::size_t>(labels_end - body.data())));
  return p == end;
}

// What the last bytes of an entry say, if they may be those of a sample: a time of six bytes, as those from 1971 to
// 2109 are, and before it a value, unless that is zero and was left out.
bool SkimSample(std::string_view body, storage::FloatSample& sample, std::string_view& labels) {
  constexpr std::size_t kTimeBytes = 7;
  constexpr std::size_t kValueBytes = 9;
  constexpr std::uint64_t kTimeMask = 0x808080808080ff00;  // The tag, then the top bits of the varint.
  constexpr std::uint64_t kTimeForm = 0x0080808080800000 | kSampleTimeTag << 8;
  const std::size_t size = body.size();
  const char* const end = body.data() + size;
  if (size < 2 + kTimeBytes) return false;
  const std::uint64_t last = base::LoadFixed64(end - 8);
  if ((last & kTimeMask) != kTimeForm) return false;
  const auto begins_at = [&](std::size_t bytes) {
    return size >= 2 + bytes && end[-2 - static_cast<std::ptrdiff_t>(bytes)] == kSeriesSampleTag &&
           end[-1 - static_cast<std::ptrdiff_t>(bytes)] == static_cast<char>(bytes);
  };
  if (begins_at(kTimeBytes + kValueBytes) && end[-16] == kSampleValueTag) {
    sample.value = std::bit_cast<double>(base::LoadFixed64(end - 15));
    labels = body.substr(0, size - 2 - kTimeBytes - kValueBytes);
  } else if (begins_at(kTimeBytes)) {
    labels = body.substr(0, size - 2 - kTimeBytes);
  } else {
    return false;
  }
  sample.timestamp = base::TimestampMs(static_cast<std::int64_t>(JoinVarintGroups(last >> 16)));
  return !labels.empty() && labels[0] == kSeriesLabelTag;
}

bool ReadSeries(std::string_view body, const char* message_end, WireRequest& out) {
  WireSeries& series = out.series.emplace_back();
  series.body = body;
  series.samples_begin = static_cast<std::uint32_t>(out.samples.size());
  series.histograms_begin = series.histograms_end = static_cast<std::uint32_t>(out.histograms.size());
  series.exemplars_begin = series.exemplars_end = static_cast<std::uint32_t>(out.exemplars.size());
  if (ReadPlainSeries(body, message_end, out)) {
    series.samples_end = static_cast<std::uint32_t>(out.samples.size());
    return true;
  }
  out.aliases.resize(out.series.size() - 1);
  out.samples.resize(series.samples_begin);
  LabelExtent labels;
  ProtoReader reader(body);
  while (reader.Next()) {
    if (reader.type() != WireType::kBytes) continue;
    bool ok = true;
    switch (reader.number()) {
      case 1: labels.Add(reader); break;
      case 2: ok = ReadSample(reader.bytes(), out.samples.emplace_back()); break;
      case 3: ok = ReadExemplar(reader.bytes(), out.exemplars.emplace_back()); break;
      case 4: ok = ReadHistogram(reader.bytes(), out.histograms.emplace_back()); break;
      default: break;
    }
    if (!ok) return false;
  }
  if (!reader.ok()) return false;
  out.aliases.push_back(labels.Alias());
  series.samples_end = static_cast<std::uint32_t>(out.samples.size());
  series.histograms_end = static_cast<std::uint32_t>(out.histograms.size());
  series.exemplars_end = static_cast<std::uint32_t>(out.exemplars.size());
  return true;
}

bool SkimSeries(std::string_view body, const char* message_end, WireRequest& out) {
  storage::FloatSample sample;
  std::string_view labels;
  if (!SkimSample(body, sample, labels)) return ReadSeries(body, message_end, out);
  const auto at = static_cast<std::uint32_t>(out.samples.size());
  const auto histograms = static_cast<std::uint32_t>(out.histograms.size());
  const auto exemplars = static_cast<std::uint32_t>(out.exemplars.size());
  out.series.push_back({body, at, at + 1, histograms, histograms, exemplars, exemplars});
  out.aliases.push_back(labels);
  out.samples.push_back(sample);
  out.is_skimmed = true;
  return true;
}

bool ReadMetadata(std::string_view body, storage::MetricMetadata& metadata) {
  ProtoReader reader(body);
  while (reader.Next()) {
    if (reader.Is(1, WireType::kVarint)) {
      metadata.type =
          reader.varint() <= 7 ? static_cast<storage::MetricType>(reader.varint()) : storage::MetricType::kUnknown;
    } else if (reader.Is(2, WireType::kBytes)) {
      metadata.metric = std::string(reader.bytes());
    } else if (reader.Is(4, WireType::kBytes)) {
      metadata.help = std::string(reader.bytes());
    } else if (reader.Is(5, WireType::kBytes)) {
      metadata.unit = std::string(reader.bytes());
    }
  }
  return reader.ok();
}

}  // namespace

void WireRequest::Clear() {
  series.clear();
  aliases.clear();
  samples.clear();
  histograms.clear();
  exemplars.clear();
  metadata.clear();
  is_skimmed = false;
}

namespace {

using SeriesReader = bool (*)(std::string_view body, const char* message_end, WireRequest& out);

template <SeriesReader kReadSeries>
base::Status ReadMessage(std::string_view message, WireRequest& out) {
  out.Clear();
  ProtoReader reader(message);
  while (reader.Next()) {
    if (reader.Is(1, WireType::kBytes)) {
      if (!kReadSeries(reader.bytes(), message.data() + message.size(), out)) {
        return base::InvalidArgument(
            fmt::format("decode prometheus.WriteRequest: malformed protobuf in time series {}", out.series.size()));
      }
    } else if (reader.Is(3, WireType::kBytes)) {
      if (!ReadMetadata(reader.bytes(), out.metadata.emplace_back())) {
        return base::InvalidArgument(
            fmt::format("decode prometheus.WriteRequest: malformed protobuf in metadata {}", out.metadata.size()));
      }
    }
  }
  if (!reader.ok()) {
    return base::InvalidArgument(
        fmt::format("decode prometheus.WriteRequest: malformed protobuf after time series {}", out.series.size()));
  }
  return base::OkStatus();
}

}  // namespace

base::Status ReadWriteRequestV1(std::string_view message, WireRequest& out) {
  return ReadMessage<ReadSeries>(message, out);
}

base::Status SkimWriteRequestV1(std::string_view message, WireRequest& out) {
  return ReadMessage<SkimSeries>(message, out);
}

bool ReadLabelsV1(std::string_view body, std::vector<metric::LabelView>& out) {
  ProtoReader reader(body);
  while (reader.Next()) {
    if (reader.Is(1, WireType::kBytes) && !ReadLabel(reader.bytes(), out.emplace_back())) return false;
  }
  return reader.ok();
}

}  // namespace bellwether::ingest
