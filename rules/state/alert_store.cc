#include "rules/state/alert_store.h"

#include <bit>
#include <utility>

#include "base/bytes.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace bellwether::rules {
namespace {

// Without what came later: the extremes of the value, the history of levels.
constexpr char kOldPlainVersion = 1;
constexpr char kOldLeveledVersion = 2;
constexpr char kPlainVersion = 3;
constexpr char kLeveledVersion = 4;
constexpr char kSeriesVersion = 1;
constexpr char kGroupVersion = 1;
constexpr char kTransitionVersion = 1;
constexpr std::string_view kGroupPrefix = "rules/group/";
constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;

void PutTime(std::string& out, base::TimestampMs t) { base::AppendVarint(out, base::ZigZag(t.ms)); }

bool GetTime(std::string_view& in, base::TimestampMs& t) {
  std::uint64_t bits = 0;
  if (!base::ReadVarint(in, bits)) return false;
  t = base::TimestampMs(base::UnZigZag(bits));
  return true;
}

// A byte that says whether there is a time, then the time.
void PutOptionalTime(std::string& out, const std::optional<base::TimestampMs>& t) {
  out += t ? '\1' : '\0';
  if (t) PutTime(out, *t);
}

bool GetOptionalTime(std::string_view& in, std::optional<base::TimestampMs>& t) {
  if (in.empty() || in.front() > '\1' || in.front() < '\0') return false;
  const bool present = in.front() == '\1';
  in.remove_prefix(1);
  t.reset();
  return !present || GetTime(in, t.emplace());
}

void PutState(std::string& out, AlertState state) { out += static_cast<char>(state); }

bool GetState(std::string_view& in, AlertState& state) {
  if (in.empty() || in.front() < 0 || in.front() > static_cast<char>(AlertState::kFiring)) return false;
  state = static_cast<AlertState>(in.front());
  in.remove_prefix(1);
  return true;
}

void PutDouble(std::string& out, double v) { base::AppendFixed64(out, std::bit_cast<std::uint64_t>(v)); }

bool GetDouble(std::string_view& in, double& v) {
  std::uint64_t bits = 0;
  if (!base::ReadFixed64(in, bits)) return false;
  v = std::bit_cast<double>(bits);
  return true;
}

void PutAnnotations(std::string& out, const metric::Annotations& annotations) {
  base::AppendVarint(out, annotations.size());
  for (const auto& [name, text] : annotations) {
    base::AppendLengthPrefixed(out, name);
    base::AppendLengthPrefixed(out, text);
  }
}

bool GetAnnotations(std::string_view& in, metric::Annotations& annotations) {
  std::uint64_t count = 0;
  if (!base::ReadVarint(in, count)) return false;
  annotations.clear();
  for (; count > 0; --count) {
    std::string_view name;
    std::string_view text;
    if (!base::ReadLengthPrefixed(in, name) || !base::ReadLengthPrefixed(in, text)) return false;
    annotations.emplace(name, text);
  }
  return true;
}

// A byte that says whether there is a text, then the text.
void PutOptionalText(std::string& out, const std::optional<std::string>& text) {
  out += text ? '\1' : '\0';
  if (text) base::AppendLengthPrefixed(out, *text);
}

bool GetOptionalText(std::string_view& in, std::optional<std::string>& text) {
  if (in.empty() || in.front() > '\1' || in.front() < '\0') return false;
  const bool present = in.front() == '\1';
  in.remove_prefix(1);
  text.reset();
  std::string_view bytes;
  if (!present) return true;
  if (!base::ReadLengthPrefixed(in, bytes)) return false;
  text = std::string(bytes);
  return true;
}

bool GetBool(std::string_view& in, bool& value) {
  if (in.empty() || in.front() > '\1' || in.front() < '\0') return false;
  value = in.front() == '\1';
  in.remove_prefix(1);
  return true;
}

bool GetLabels(std::string_view& in, metric::Labels& labels) {
  std::string_view bytes;
  if (!base::ReadLengthPrefixed(in, bytes)) return false;
  auto decoded = metric::Labels::Decode(bytes);
  if (decoded) labels = std::move(*decoded);
  return decoded.has_value();
}

void PutClock(std::string& out, const ConditionClock& clock) {
  PutOptionalTime(out, clock.since);
  PutOptionalTime(out, clock.stopped_at);
}

bool GetClock(std::string_view& in, ConditionClock& clock) {
  return GetOptionalTime(in, clock.since) && GetOptionalTime(in, clock.stopped_at);
}

void PutLeveled(std::string& out, const LeveledAlert& leveled) {
  const LevelProgress& progress = leveled.progress;
  base::AppendLengthPrefixed(out, leveled.source.bytes());
  out += leveled.no_data ? '\1' : '\0';
  PutOptionalTime(out, leveled.away_since);
  base::AppendLengthPrefixed(out, leveled.told.bytes());
  PutTime(out, leveled.told_since);
  PutTime(out, progress.level_since);
  for (const auto* level : {&progress.level, &progress.base, &progress.lowest, &progress.stuck}) {
    PutOptionalText(out, *level);
  }
  PutClock(out, progress.unacknowledged);
  base::AppendVarint(out, progress.clocks.size());
  for (const LevelProgress::LevelClock& clock : progress.clocks) {
    base::AppendLengthPrefixed(out, clock.severity);
    PutClock(out, clock.clock);
  }
}

bool GetLeveled(std::string_view& in, LeveledAlert& leveled) {
  LevelProgress& progress = leveled.progress;
  std::uint64_t count = 0;
  if (!GetLabels(in, leveled.source) || !GetBool(in, leveled.no_data) || !GetOptionalTime(in, leveled.away_since) ||
      !GetLabels(in, leveled.told) || !GetTime(in, leveled.told_since) || !GetTime(in, progress.level_since) ||
      !GetOptionalText(in, progress.level) || !GetOptionalText(in, progress.base) ||
      !GetOptionalText(in, progress.lowest) || !GetOptionalText(in, progress.stuck) ||
      !GetClock(in, progress.unacknowledged) || !base::ReadVarint(in, count)) {
    return false;
  }
  for (; count > 0; --count) {
    std::string_view severity;
    LevelProgress::LevelClock clock;
    if (!base::ReadLengthPrefixed(in, severity) || !GetClock(in, clock.clock)) return false;
    clock.severity = std::string(severity);
    progress.clocks.push_back(std::move(clock));
  }
  return true;
}

void PutLater(std::string& out, const AlertEntry& entry) {
  out += entry.extremes ? '\1' : '\0';
  if (entry.extremes) {
    PutDouble(out, entry.extremes->low);
    PutDouble(out, entry.extremes->high);
  }
  if (!entry.leveled) return;
  base::AppendVarint(out, entry.leveled->history.size());
  for (const metric::AlertLevel& level : entry.leveled->history) {
    base::AppendLengthPrefixed(out, level.severity);
    PutTime(out, level.since);
  }
}

bool GetLater(std::string_view& in, AlertEntry& entry) {
  bool has_extremes = false;
  if (!GetBool(in, has_extremes)) return false;
  if (has_extremes) {
    ValueExtremes& extremes = entry.extremes.emplace();
    if (!GetDouble(in, extremes.low) || !GetDouble(in, extremes.high)) return false;
  }
  std::uint64_t count = 0;
  if (!entry.leveled) return true;
  if (!base::ReadVarint(in, count)) return false;
  for (; count > 0; --count) {
    std::string_view severity;
    metric::AlertLevel level;
    if (!base::ReadLengthPrefixed(in, severity) || !GetTime(in, level.since)) return false;
    level.severity = std::string(severity);
    entry.leveled->history.push_back(std::move(level));
  }
  return true;
}

bool TakeVersion(std::string_view& in, char version) {
  if (in.empty() || in.front() != version) return false;
  in.remove_prefix(1);
  return true;
}

}  // namespace

std::string RulePrefix(std::string_view file, std::string_view group, const RuleSpec& rule, std::uint32_t number) {
  std::string texts;
  for (const auto& [label, text] : rule.labels) {
    base::AppendLengthPrefixed(texts, label);
    base::AppendLengthPrefixed(texts, text);
  }
  if (rule.conditions != nullptr) {
    texts += '\0';
    for (const std::string& label : rule.conditions->match_on) base::AppendLengthPrefixed(texts, label);
  }
  std::string key(kAlertPrefix);
  base::AppendLengthPrefixed(key, file);
  base::AppendLengthPrefixed(key, group);
  base::AppendLengthPrefixed(key, rule.name);
  base::AppendBigEndian64(key, XXH3_64bits(texts.data(), texts.size()));
  base::AppendBigEndian32(key, number);
  return key;
}

std::string AlertKey(std::string_view rule_prefix, const metric::Labels& labels) {
  return std::string(rule_prefix).append(labels.bytes());
}

std::optional<AlertKeyParts> ParseAlertKey(std::string_view key) {
  if (!key.starts_with(kAlertPrefix)) return std::nullopt;
  std::string_view rest = key.substr(kAlertPrefix.size());
  AlertKeyParts parts;
  std::uint64_t labels_hash = 0;
  std::uint32_t number = 0;
  if (!base::ReadLengthPrefixed(rest, parts.file) || !base::ReadLengthPrefixed(rest, parts.group) ||
      !base::ReadLengthPrefixed(rest, parts.name) || !base::ReadBigEndian64(rest, labels_hash) ||
      !base::ReadBigEndian32(rest, number)) {
    return std::nullopt;
  }
  auto labels = metric::Labels::Decode(rest);
  if (!labels) return std::nullopt;
  parts.rule_prefix = key.substr(0, key.size() - rest.size());
  parts.labels = std::move(*labels);
  return parts;
}

std::string EncodeAlertEntry(const AlertEntry& entry) {
  std::string out(1, entry.leveled ? kLeveledVersion : kPlainVersion);
  PutState(out, entry.alert.state);
  PutTime(out, entry.alert.active_at);
  PutOptionalTime(out, entry.alert.fired_at);
  PutOptionalTime(out, entry.alert.keep_firing_since);
  PutOptionalTime(out, entry.alert.resolved_at);
  PutOptionalTime(out, entry.alert.last_sent_at);
  PutDouble(out, entry.value);
  PutAnnotations(out, entry.annotations);
  if (entry.leveled) PutLeveled(out, *entry.leveled);
  PutLater(out, entry);
  return out;
}

std::optional<AlertEntry> DecodeAlertEntry(std::string_view bytes) {
  AlertEntry entry;
  entry.dirty = false;
  const bool is_old_leveled = TakeVersion(bytes, kOldLeveledVersion);
  const bool is_old = is_old_leveled || TakeVersion(bytes, kOldPlainVersion);
  const bool is_leveled = is_old_leveled || TakeVersion(bytes, kLeveledVersion);
  const bool whole =
      (is_old || is_leveled || TakeVersion(bytes, kPlainVersion)) && GetState(bytes, entry.alert.state) &&
      GetTime(bytes, entry.alert.active_at) && GetOptionalTime(bytes, entry.alert.fired_at) &&
      GetOptionalTime(bytes, entry.alert.keep_firing_since) && GetOptionalTime(bytes, entry.alert.resolved_at) &&
      GetOptionalTime(bytes, entry.alert.last_sent_at) && GetDouble(bytes, entry.value) &&
      GetAnnotations(bytes, entry.annotations) && (!is_leveled || GetLeveled(bytes, entry.leveled.emplace())) &&
      (is_old || GetLater(bytes, entry)) && bytes.empty();
  if (!whole) return std::nullopt;
  return entry;
}

std::string SignalKey(std::string_view rule_prefix, std::string_view signal, const metric::Labels& series) {
  std::string key(kSignalPrefix);
  key += rule_prefix.substr(kAlertPrefix.size());
  base::AppendLengthPrefixed(key, signal);
  return key.append(series.bytes());
}

std::optional<SignalKeyParts> ParseSignalKey(std::string_view key) {
  if (!key.starts_with(kSignalPrefix)) return std::nullopt;
  std::string_view rest = key.substr(kSignalPrefix.size());
  std::string_view text;
  std::uint64_t labels_hash = 0;
  std::uint32_t number = 0;
  for (int i = 0; i < 3; ++i) {
    if (!base::ReadLengthPrefixed(rest, text)) return std::nullopt;
  }
  if (!base::ReadBigEndian64(rest, labels_hash) || !base::ReadBigEndian32(rest, number)) return std::nullopt;
  SignalKeyParts parts;
  parts.rule_prefix = std::string(kAlertPrefix);
  parts.rule_prefix += key.substr(kSignalPrefix.size(), key.size() - kSignalPrefix.size() - rest.size());
  if (!base::ReadLengthPrefixed(rest, parts.signal)) return std::nullopt;
  auto series = metric::Labels::Decode(rest);
  if (!series) return std::nullopt;
  parts.series = std::move(*series);
  return parts;
}

std::string EncodeSeriesClock(const SeriesClock& clock) {
  std::string out(1, kSeriesVersion);
  PutClock(out, clock.clock);
  PutDouble(out, clock.value);
  return out;
}

std::optional<SeriesClock> DecodeSeriesClock(std::string_view bytes) {
  SeriesClock clock;
  clock.dirty = false;
  if (!TakeVersion(bytes, kSeriesVersion) || !GetClock(bytes, clock.clock) || !GetDouble(bytes, clock.value) ||
      !bytes.empty()) {
    return std::nullopt;
  }
  return clock;
}

std::string GroupStateKey(std::string_view file, std::string_view group) {
  std::string key(kGroupPrefix);
  base::AppendLengthPrefixed(key, file);
  base::AppendLengthPrefixed(key, group);
  return key;
}

std::string EncodeGroupState(base::TimestampMs last_evaluation) {
  std::string out(1, kGroupVersion);
  PutTime(out, last_evaluation);
  return out;
}

std::optional<base::TimestampMs> DecodeGroupState(std::string_view bytes) {
  base::TimestampMs last_evaluation;
  if (!TakeVersion(bytes, kGroupVersion) || !GetTime(bytes, last_evaluation) || !bytes.empty()) return std::nullopt;
  return last_evaluation;
}

std::string OwedKey(std::uint64_t sequence) {
  std::string key(kOwedPrefix);
  base::AppendBigEndian64(key, sequence);
  return key;
}

std::string HistoryKeyAt(base::TimestampMs at) {
  std::string key(kHistoryPrefix);
  base::AppendBigEndian64(key, static_cast<std::uint64_t>(at.ms) ^ kSignBit);
  return key;
}

std::string HistoryKey(const AlertTransition& transition, std::string_view rule) {
  std::string identity(rule);
  identity += transition.labels.bytes();
  PutState(identity, transition.from);
  PutState(identity, transition.to);
  std::string key = HistoryKeyAt(transition.at);
  key += transition.to == AlertState::kInactive ? '\0' : '\1';
  base::AppendBigEndian64(key, XXH3_64bits(identity.data(), identity.size()));
  return key;
}

std::string EncodeTransition(const AlertTransition& transition) {
  std::string out(1, kTransitionVersion);
  PutTime(out, transition.at);
  base::AppendLengthPrefixed(out, transition.labels.bytes());
  PutAnnotations(out, transition.annotations);
  PutState(out, transition.from);
  PutState(out, transition.to);
  PutDouble(out, transition.value);
  base::AppendLengthPrefixed(out, transition.reason);
  return out;
}

std::optional<AlertTransition> DecodeTransition(std::string_view bytes) {
  AlertTransition transition;
  std::string_view labels;
  std::string_view reason;
  const bool whole = TakeVersion(bytes, kTransitionVersion) && GetTime(bytes, transition.at) &&
                     base::ReadLengthPrefixed(bytes, labels) && GetAnnotations(bytes, transition.annotations) &&
                     GetState(bytes, transition.from) && GetState(bytes, transition.to) &&
                     GetDouble(bytes, transition.value) && base::ReadLengthPrefixed(bytes, reason) && bytes.empty();
  auto decoded = metric::Labels::Decode(labels);
  if (!whole || !decoded) return std::nullopt;
  transition.labels = std::move(*decoded);
  transition.reason = std::string(reason);
  return transition;
}

}  // namespace bellwether::rules
