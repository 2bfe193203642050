#include "judge/baseline_codec.h"

#include <bit>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/bytes.h"

namespace bellwether::judge {
namespace {

constexpr std::uint64_t kBaselineFormat = 1;

// What a series has. Frozen: on disk.
enum class SeriesKind : std::uint8_t { kCount = 0, kHistogram = 1 };

bool DecodeSeries(std::string_view& in, BaselineSeries& series) {
  std::string_view labels;
  if (!base::ReadLengthPrefixed(in, labels) || in.empty()) return false;
  std::optional<metric::Labels> decoded = metric::Labels::Decode(labels);
  if (!decoded) return false;
  series.labels = std::move(*decoded);
  const auto kind = static_cast<SeriesKind>(in.front());
  in.remove_prefix(1);
  if (kind == SeriesKind::kCount) {
    std::uint64_t bits = 0;
    if (!base::ReadFixed64(in, bits)) return false;
    series.value = std::bit_cast<double>(bits);
    return true;
  }
  if (kind != SeriesKind::kHistogram) return false;
  metric::NativeHistogram histogram;
  if (!metric::DecodeHistogram(in, histogram)) return false;
  series.histogram = std::make_shared<const metric::NativeHistogram>(std::move(histogram));
  return true;
}

}  // namespace

std::string EncodeBaseline(const StoredBaseline& baseline) {
  std::string out;
  base::AppendVarint(out, kBaselineFormat);
  base::AppendFixed64(out, static_cast<std::uint64_t>(baseline.created_at.ms));
  base::AppendVarint(out, baseline.series.size());
  for (const BaselineSeries& series : baseline.series) {
    base::AppendLengthPrefixed(out, series.labels.bytes());
    const SeriesKind kind = series.histogram != nullptr ? SeriesKind::kHistogram : SeriesKind::kCount;
    out.push_back(static_cast<char>(kind));
    if (kind == SeriesKind::kHistogram) {
      metric::EncodeHistogram(*series.histogram, out);
    } else {
      base::AppendFixed64(out, std::bit_cast<std::uint64_t>(series.value));
    }
  }
  return out;
}

bool DecodeBaseline(std::string_view bytes, StoredBaseline& baseline) {
  std::uint64_t format = 0, created_at = 0, count = 0;
  if (!base::ReadVarint(bytes, format) || format != kBaselineFormat) return false;
  if (!base::ReadFixed64(bytes, created_at) || !base::ReadVarint(bytes, count)) return false;
  baseline.created_at = base::TimestampMs(static_cast<std::int64_t>(created_at));
  baseline.series.clear();
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!DecodeSeries(bytes, baseline.series.emplace_back())) return false;
  }
  return bytes.empty();
}

}  // namespace bellwether::judge
