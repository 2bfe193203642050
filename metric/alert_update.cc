#include "metric/alert_update.h"

#include <bit>

#include "base/bytes.h"

namespace bellwether::metric {
namespace {

constexpr std::uint64_t kAlertUpdateVersion = 2;
constexpr std::uint64_t kVersionWithoutMoves = 1;

void AppendTimestamp(std::string& out, base::TimestampMs t) { base::AppendVarint(out, base::ZigZag(t.ms)); }

bool ReadTimestamp(std::string_view& in, base::TimestampMs& t) {
  std::uint64_t v = 0;
  if (!base::ReadVarint(in, v)) return false;
  t = base::TimestampMs(base::UnZigZag(v));
  return true;
}

bool ReadText(std::string_view& in, std::string& text) {
  std::string_view bytes;
  if (!base::ReadLengthPrefixed(in, bytes)) return false;
  text = std::string(bytes);
  return true;
}

bool ReadAnnotations(std::string_view& in, Annotations& annotations) {
  std::uint64_t n = 0;
  if (!base::ReadVarint(in, n)) return false;
  for (; n > 0; --n) {
    std::string key, value;
    if (!ReadText(in, key) || !ReadText(in, value)) return false;
    annotations.emplace(std::move(key), std::move(value));
  }
  return true;
}

}  // namespace

std::string TellingKey(const AlertUpdate& update) {
  std::string key;
  base::AppendLengthPrefixed(key, update.rule);
  base::AppendLengthPrefixed(key, update.labels.bytes());
  key += static_cast<char>(update.phase);
  base::AppendFixed64(key, static_cast<std::uint64_t>(update.starts_at.ms));
  return key;
}

void EncodeAlertUpdate(const AlertUpdate& update, std::string& out) {
  base::AppendVarint(out, kAlertUpdateVersion);
  base::AppendVarint(out, update.sequence);
  base::AppendLengthPrefixed(out, update.labels.bytes());
  base::AppendVarint(out, update.annotations.size());
  for (const auto& [key, value] : update.annotations) {
    base::AppendLengthPrefixed(out, key);
    base::AppendLengthPrefixed(out, value);
  }
  out.push_back(static_cast<char>(update.phase));
  AppendTimestamp(out, update.starts_at);
  AppendTimestamp(out, update.ends_at);
  AppendTimestamp(out, update.updated_at);
  base::AppendFixed64(out, std::bit_cast<std::uint64_t>(update.value));
  base::AppendLengthPrefixed(out, update.generator_url);
  base::AppendLengthPrefixed(out, update.rule);
  base::AppendLengthPrefixed(out, update.moved_to.bytes());
}

bool DecodeAlertUpdate(std::string_view& in, AlertUpdate& update) {
  update = AlertUpdate();
  std::uint64_t version = 0, value = 0;
  std::string_view labels;
  if (!base::ReadVarint(in, version) || version < kVersionWithoutMoves || version > kAlertUpdateVersion ||
      !base::ReadVarint(in, update.sequence) || !base::ReadLengthPrefixed(in, labels)) {
    return false;
  }
  auto decoded = Labels::Decode(labels);
  if (!decoded || !ReadAnnotations(in, update.annotations) || in.empty()) return false;
  update.labels = *std::move(decoded);
  const auto phase = static_cast<unsigned char>(in[0]);
  in.remove_prefix(1);
  if (phase > static_cast<unsigned char>(AlertPhase::kResolved)) return false;
  update.phase = static_cast<AlertPhase>(phase);
  if (!ReadTimestamp(in, update.starts_at) || !ReadTimestamp(in, update.ends_at) ||
      !ReadTimestamp(in, update.updated_at) || !base::ReadFixed64(in, value) || !ReadText(in, update.generator_url) ||
      !ReadText(in, update.rule)) {
    return false;
  }
  update.value = std::bit_cast<double>(value);
  if (version == kVersionWithoutMoves) return true;
  std::string_view moved_to;
  if (!base::ReadLengthPrefixed(in, moved_to)) return false;
  auto labels_after = Labels::Decode(moved_to);
  if (!labels_after) return false;
  update.moved_to = *std::move(labels_after);
  return true;
}

}  // namespace bellwether::metric
