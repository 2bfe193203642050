#include "storage/journal/record_codec.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "base/bytes.h"
#include "base/check.h"

namespace bellwether::storage {
namespace {

// Frozen: on disks.
enum class SectionKind : std::uint8_t { kSeries = 1, kFloats = 2, kHistograms = 3, kMetadata = 4, kSince = 5 };
constexpr std::uint8_t kHasStarts = 1;  // Flag of a floats section.

// The low two bits of a value's first varint.
constexpr std::uint64_t kRawValue = 0;  // Eight bytes follow.
constexpr std::uint64_t kWholeValue = 1;
constexpr std::uint64_t kThousandths = 2;
constexpr double kVarintValueMax = 1e13;  // Above it a varint is hardly shorter than the eight bytes.

std::uint64_t Difference(std::uint64_t value, std::uint64_t before) {
  return base::ZigZag(static_cast<std::int64_t>(value - before));
}
std::int64_t TimeDifference(std::int64_t value, std::int64_t before) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(before));
}
std::int64_t TimePlus(std::int64_t before, std::uint64_t zigzag) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(before) +
                                   static_cast<std::uint64_t>(base::UnZigZag(zigzag)));
}

char* PutVarint(char* out, std::uint64_t v) {
  while (v >= 0x80) {
    *out++ = static_cast<char>(v | 0x80);
    v >>= 7;
  }
  *out++ = static_cast<char>(v);
  return out;
}

// `value` is `numerator` / divisor to the bit, and `numerator` is small enough.
bool IsFraction(double value, double divisor, std::int64_t& numerator) {
  const double scaled = value * divisor;
  if (!(std::fabs(scaled) < kVarintValueMax)) return false;
  numerator = static_cast<std::int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
  return std::bit_cast<std::uint64_t>(static_cast<double>(numerator) / divisor) == std::bit_cast<std::uint64_t>(value);
}

bool IsWhole(double value, std::int64_t& whole) {
  if (!(std::fabs(value) < kVarintValueMax)) return false;
  whole = static_cast<std::int64_t>(value);
  return std::bit_cast<std::uint64_t>(static_cast<double>(whole)) == std::bit_cast<std::uint64_t>(value);
}

char* PutValue(char* out, double value) {
  std::int64_t n = 0;
  if (IsWhole(value, n)) return PutVarint(out, base::ZigZag(n) << 2 | kWholeValue);
  if (IsFraction(value, 1000.0, n)) return PutVarint(out, base::ZigZag(n) << 2 | kThousandths);
  *out++ = static_cast<char>(kRawValue);
  std::memcpy(out, &value, sizeof(value));
  return out + sizeof(value);
}

bool ReadValue(std::string_view& in, double& value) {
  std::uint64_t v = 0;
  if (!base::ReadVarint(in, v)) return false;
  const auto n = static_cast<double>(base::UnZigZag(v >> 2));
  switch (v & 3) {
    case kWholeValue: value = n; return true;
    case kThousandths: value = n / 1000.0; return true;
    case kRawValue: {
      std::uint64_t bits = 0;
      if (v != kRawValue || !base::ReadFixed64(in, bits)) return false;
      value = std::bit_cast<double>(bits);
      return true;
    }
    default: return false;
  }
}

void AppendSection(SectionKind kind, std::string_view body, std::string& out) {
  if (body.empty()) return;
  out.push_back(static_cast<char>(kind));
  base::AppendLengthPrefixed(out, body);
}

bool ReadSeriesSection(std::string_view in, DecodedCommit& commit) {
  std::uint64_t ref = 0;
  while (!in.empty()) {
    std::uint64_t delta = 0;
    std::string_view bytes;
    if (!base::ReadVarint(in, delta) || !base::ReadLengthPrefixed(in, bytes)) return false;
    ref += static_cast<std::uint64_t>(base::UnZigZag(delta));
    auto labels = metric::Labels::Decode(bytes);
    if (!labels || labels->empty()) return false;
    commit.series.push_back({static_cast<SeriesRef>(ref), std::move(*labels)});
  }
  return true;
}

bool ReadFloatsSection(std::string_view in, DecodedCommit& commit) {
  std::uint64_t count = 0;
  if (!base::ReadVarint(in, count) || in.empty() || count > in.size() / 3) return false;
  const auto flags = static_cast<std::uint8_t>(in.front());
  in.remove_prefix(1);
  if (flags > kHasStarts) return false;
  const std::size_t begin = commit.floats.size();
  commit.floats.resize(begin + static_cast<std::size_t>(count));
  const std::span<FloatSample> samples = std::span(commit.floats).subspan(begin);
  std::uint64_t v = 0;
  std::uint64_t ref = 0;
  for (FloatSample& sample : samples) {
    if (!base::ReadVarint(in, v)) return false;
    ref += static_cast<std::uint64_t>(base::UnZigZag(v));
    sample.ref = static_cast<SeriesRef>(ref);
  }
  std::int64_t ms = 0;
  for (FloatSample& sample : samples) {
    if (!base::ReadVarint(in, v)) return false;
    sample.timestamp.ms = ms = TimePlus(ms, v);
  }
  for (FloatSample& sample : samples) {
    if (!ReadValue(in, sample.value)) return false;
  }
  ms = 0;
  for (FloatSample& sample : samples) {
    sample.start_timestamp = base::TimestampMs();
    if (flags != kHasStarts) continue;
    if (!base::ReadVarint(in, v)) return false;
    sample.start_timestamp.ms = ms = TimePlus(ms, v);
  }
  return in.empty();
}

bool ReadHistogramsSection(std::string_view in, DecodedCommit& commit) {
  std::uint64_t ref = 0;
  std::int64_t ms = 0;
  while (!in.empty()) {
    DecodedCommit::Histogram& h = commit.histograms.emplace_back();
    std::uint64_t delta = 0;
    std::uint64_t time = 0;
    std::uint64_t start = 0;
    std::string_view bytes;
    if (!base::ReadVarint(in, delta) || !base::ReadVarint(in, time) || !base::ReadVarint(in, start) ||
        !base::ReadLengthPrefixed(in, bytes) || !metric::DecodeHistogram(bytes, h.histogram) || !bytes.empty()) {
      return false;
    }
    ref += static_cast<std::uint64_t>(base::UnZigZag(delta));
    ms = TimePlus(ms, time);
    h.ref = static_cast<SeriesRef>(ref);
    h.timestamp = base::TimestampMs(ms);
    h.start_timestamp = base::TimestampMs(base::UnZigZag(start));
  }
  return true;
}

bool ReadMetadataSection(std::string_view in, DecodedCommit& commit) {
  while (!in.empty()) {
    std::string_view metric;
    std::string_view unit;
    std::string_view help;
    if (!base::ReadLengthPrefixed(in, metric) || in.empty()) return false;
    const auto type = static_cast<std::uint8_t>(in.front());
    in.remove_prefix(1);
    if (type > static_cast<std::uint8_t>(MetricType::kStateSet) || !base::ReadLengthPrefixed(in, unit) ||
        !base::ReadLengthPrefixed(in, help)) {
      return false;
    }
    commit.metadata.push_back(
        {std::string(metric), static_cast<MetricType>(type), std::string(unit), std::string(help)});
  }
  return true;
}

}  // namespace

void CommitEncoder::Clear() {
  for (std::string* part : {&series_, &histograms_, &metadata_, &sections_, &payload_}) part->clear();
  since_ = 0;
  last_series_ = 0;
  last_histogram_ = 0;
  last_histogram_ms_ = 0;
}

void CommitEncoder::AddSeries(SeriesRef ref, const metric::Labels& labels) {
  const auto number = static_cast<std::uint64_t>(ref);
  base::AppendVarint(series_, Difference(number, last_series_));
  base::AppendLengthPrefixed(series_, labels.bytes());
  last_series_ = number;
}

void CommitEncoder::AddFloats(std::span<const FloatSample> samples, std::span<const std::uint8_t> selected) {
  BW_DCHECK(samples.size() == selected.size());
  std::uint64_t count = 0;
  bool has_starts = false;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    count += selected[i] != 0;
    has_starts |= selected[i] != 0 && samples[i].start_timestamp.ms != 0;
  }
  if (count == 0) return;

  constexpr std::size_t kSampleBytesMax = 4 * base::kMaxVarintBytes;
  constexpr std::size_t kFrontBytesMax = base::kMaxVarintBytes + 1;
  const std::size_t needed = kFrontBytesMax + static_cast<std::size_t>(count) * kSampleBytesMax;
  if (columns_bytes_ < needed) {
    columns_ = std::make_unique_for_overwrite<char[]>(needed);
    columns_bytes_ = needed;
  }
  char* const body = columns_.get();
  char* out = PutVarint(body, count);
  *out++ = static_cast<char>(has_starts ? kHasStarts : 0);
  std::uint64_t ref = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (selected[i] == 0) continue;
    out = PutVarint(out, Difference(static_cast<std::uint64_t>(samples[i].ref), ref));
    ref = static_cast<std::uint64_t>(samples[i].ref);
  }
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (selected[i] == 0) continue;
    out = PutVarint(out, base::ZigZag(TimeDifference(samples[i].timestamp.ms, ms)));
    ms = samples[i].timestamp.ms;
  }
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (selected[i] != 0) out = PutValue(out, samples[i].value);
  }
  ms = 0;
  for (std::size_t i = 0; has_starts && i < samples.size(); ++i) {
    if (selected[i] == 0) continue;
    out = PutVarint(out, base::ZigZag(TimeDifference(samples[i].start_timestamp.ms, ms)));
    ms = samples[i].start_timestamp.ms;
  }
  AppendSection(SectionKind::kFloats, {body, static_cast<std::size_t>(out - body)}, sections_);
}

void CommitEncoder::AddHistogram(const HistogramSample& sample) {
  const auto number = static_cast<std::uint64_t>(sample.ref);
  base::AppendVarint(histograms_, Difference(number, last_histogram_));
  base::AppendVarint(histograms_, base::ZigZag(TimeDifference(sample.timestamp.ms, last_histogram_ms_)));
  base::AppendVarint(histograms_, base::ZigZag(sample.start_timestamp.ms));
  last_histogram_ = number;
  last_histogram_ms_ = sample.timestamp.ms;
  payload_.clear();
  metric::EncodeHistogram(*sample.histogram, payload_);
  base::AppendLengthPrefixed(histograms_, payload_);
}

void CommitEncoder::AddMetadata(const MetricMetadata& metadata) {
  base::AppendLengthPrefixed(metadata_, metadata.metric);
  metadata_.push_back(static_cast<char>(metadata.type));
  base::AppendLengthPrefixed(metadata_, metadata.unit);
  base::AppendLengthPrefixed(metadata_, metadata.help);
}

std::string_view CommitEncoder::Payload() {
  payload_.clear();
  if (since_ > 0) {
    char since[base::kMaxVarintBytes];
    AppendSection(SectionKind::kSince, {since, static_cast<std::size_t>(PutVarint(since, since_) - since)}, payload_);
  }
  AppendSection(SectionKind::kSeries, series_, payload_);
  payload_.append(sections_);
  AppendSection(SectionKind::kHistograms, histograms_, payload_);
  AppendSection(SectionKind::kMetadata, metadata_, payload_);
  return payload_;
}

void DecodedCommit::Clear() {
  series.clear();
  floats.clear();
  histograms.clear();
  metadata.clear();
  since = 0;
}

base::Status DecodeCommit(std::string_view payload, DecodedCommit& commit) {
  commit.Clear();
  while (!payload.empty()) {
    const auto kind = static_cast<SectionKind>(payload.front());
    payload.remove_prefix(1);
    std::string_view body;
    if (!base::ReadLengthPrefixed(payload, body)) return base::Corruption("decode a commit: a section is cut short");
    switch (kind) {
      case SectionKind::kSeries:
        if (!ReadSeriesSection(body, commit)) return base::Corruption("decode a commit: malformed series section");
        break;
      case SectionKind::kFloats:
        if (!ReadFloatsSection(body, commit)) return base::Corruption("decode a commit: malformed floats section");
        break;
      case SectionKind::kHistograms:
        if (!ReadHistogramsSection(body, commit)) {
          return base::Corruption("decode a commit: malformed histograms section");
        }
        break;
      case SectionKind::kMetadata:
        if (!ReadMetadataSection(body, commit)) return base::Corruption("decode a commit: malformed metadata section");
        break;
      case SectionKind::kSince:
        if (!base::ReadVarint(body, commit.since) || commit.since == 0 || !body.empty()) {
          return base::Corruption("decode a commit: malformed since section");
        }
        break;
      default:
        return base::Corruption("decode a commit: unknown section kind " + std::to_string(static_cast<int>(kind)));
    }
  }
  return base::OkStatus();
}

}  // namespace bellwether::storage
