#include "metric/alert_update.h"

#include <bit>

#include "base/bytes.h"

namespace bellwether::metric {
namespace {

constexpr std::uint64_t kAlertUpdateVersion = 3;
constexpr std::uint64_t kVersionWithContext = 3;
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

void AppendFloat(std::string& out, double v) { base::AppendFixed64(out, std::bit_cast<std::uint64_t>(v)); }

bool ReadFloat(std::string_view& in, double& v) {
  std::uint64_t bits = 0;
  if (!base::ReadFixed64(in, bits)) return false;
  v = std::bit_cast<double>(bits);
  return true;
}

// A byte that says whether there is one, then the value as `append` writes it.
template <typename T, typename Append>
void AppendOptional(std::string& out, const std::optional<T>& value, const Append& append) {
  out.push_back(value ? 1 : 0);
  if (value) append(out, *value);
}

template <typename T, typename Read>
bool ReadOptional(std::string_view& in, std::optional<T>& value, const Read& read) {
  if (in.empty()) return false;
  const bool present = in[0] != 0;
  in.remove_prefix(1);
  value.reset();
  return !present || read(in, value.emplace());
}

bool ReadLabels(std::string_view& in, Labels& labels) {
  std::string_view bytes;
  if (!base::ReadLengthPrefixed(in, bytes)) return false;
  auto decoded = Labels::Decode(bytes);
  if (!decoded) return false;
  labels = *std::move(decoded);
  return true;
}

// A count, then so many as `read` takes.
template <typename T, typename Read>
bool ReadList(std::string_view& in, std::vector<T>& list, const Read& read) {
  std::uint64_t count = 0;
  if (!base::ReadVarint(in, count)) return false;
  for (; count > 0; --count) {
    if (!read(list.emplace_back())) return false;
  }
  return true;
}

void AppendContext(std::string& out, const AlertUpdate& update) {
  base::AppendLengthPrefixed(out, update.condition);
  AppendOptional(out, update.peak, AppendFloat);
  base::AppendVarint(out, update.levels.size());
  for (const AlertLevel& level : update.levels) {
    base::AppendLengthPrefixed(out, level.severity);
    AppendTimestamp(out, level.since);
  }
  base::AppendVarint(out, update.signals.size());
  for (const AlertSignal& signal : update.signals) {
    for (const std::string* text : {&signal.name, &signal.state, &signal.condition}) {
      base::AppendLengthPrefixed(out, *text);
    }
    AppendOptional(out, signal.value, AppendFloat);
    AppendOptional(out, signal.since, AppendTimestamp);
  }
  out.push_back(update.is_suppressed ? 1 : 0);
  base::AppendVarint(out, update.explains.count);
  base::AppendVarint(out, update.explains.some.size());
  for (const Labels& labels : update.explains.some) base::AppendLengthPrefixed(out, labels.bytes());
}

bool ReadContext(std::string_view& in, AlertUpdate& update) {
  const bool begins =
      ReadText(in, update.condition) && ReadOptional(in, update.peak, ReadFloat) &&
      ReadList(in, update.levels,
               [&](AlertLevel& level) { return ReadText(in, level.severity) && ReadTimestamp(in, level.since); }) &&
      ReadList(in, update.signals, [&](AlertSignal& signal) {
        return ReadText(in, signal.name) && ReadText(in, signal.state) && ReadText(in, signal.condition) &&
               ReadOptional(in, signal.value, ReadFloat) && ReadOptional(in, signal.since, ReadTimestamp);
      });
  if (!begins || in.empty()) return false;
  update.is_suppressed = in[0] != 0;
  in.remove_prefix(1);
  return base::ReadVarint(in, update.explains.count) &&
         ReadList(in, update.explains.some, [&](Labels& labels) { return ReadLabels(in, labels); });
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
  AppendFloat(out, update.value);
  base::AppendLengthPrefixed(out, update.generator_url);
  base::AppendLengthPrefixed(out, update.rule);
  base::AppendLengthPrefixed(out, update.moved_to.bytes());
  AppendContext(out, update);
}

bool DecodeAlertUpdate(std::string_view& in, AlertUpdate& update) {
  update = AlertUpdate();
  std::uint64_t version = 0;
  if (!base::ReadVarint(in, version) || version < kVersionWithoutMoves || version > kAlertUpdateVersion ||
      !base::ReadVarint(in, update.sequence) || !ReadLabels(in, update.labels) ||
      !ReadAnnotations(in, update.annotations) || in.empty()) {
    return false;
  }
  const auto phase = static_cast<unsigned char>(in[0]);
  in.remove_prefix(1);
  if (phase > static_cast<unsigned char>(AlertPhase::kResolved)) return false;
  update.phase = static_cast<AlertPhase>(phase);
  if (!ReadTimestamp(in, update.starts_at) || !ReadTimestamp(in, update.ends_at) ||
      !ReadTimestamp(in, update.updated_at) || !ReadFloat(in, update.value) || !ReadText(in, update.generator_url) ||
      !ReadText(in, update.rule)) {
    return false;
  }
  if (version == kVersionWithoutMoves) return true;
  if (!ReadLabels(in, update.moved_to)) return false;
  return version < kVersionWithContext || ReadContext(in, update);
}

}  // namespace bellwether::metric
