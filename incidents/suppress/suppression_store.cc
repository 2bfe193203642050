#include "incidents/suppress/suppression_store.h"

#include "base/bytes.h"

namespace bellwether::incidents {
namespace {

constexpr std::uint64_t kRecordVersion = 1;
constexpr std::uint64_t kMetaVersion = 1;

// Bits of a memory's flags; frozen.
constexpr std::uint64_t kTold = 1;
constexpr std::uint64_t kHeld = 2;
constexpr std::uint64_t kBlocked = 4;
constexpr std::uint64_t kExhausted = 8;
constexpr std::uint64_t kHasSuppressedSince = 16;
constexpr std::uint64_t kHasFreedAt = 32;
constexpr std::uint64_t kAllFlags = 63;

void AppendMs(std::string& out, std::int64_t ms) { base::AppendVarint(out, base::ZigZag(ms)); }

bool ReadMs(std::string_view& in, std::int64_t& ms) {
  std::uint64_t v = 0;
  if (!base::ReadVarint(in, v)) return false;
  ms = base::UnZigZag(v);
  return true;
}

void AppendMemory(std::string& out, const SuppressionMemory& memory) {
  std::uint64_t flags = 0;
  if (memory.told) flags |= kTold;
  if (memory.held) flags |= kHeld;
  if (memory.blocked) flags |= kBlocked;
  if (memory.exhausted) flags |= kExhausted;
  if (memory.suppressed_since) flags |= kHasSuppressedSince;
  if (memory.freed_at) flags |= kHasFreedAt;
  base::AppendVarint(out, flags);
  AppendMs(out, memory.first_seen.ms);
  if (memory.suppressed_since) AppendMs(out, memory.suppressed_since->ms);
  if (memory.freed_at) AppendMs(out, memory.freed_at->ms);
  AppendMs(out, memory.extension.ms);
  AppendMs(out, memory.max.ms);
  base::AppendLengthPrefixed(out, memory.note);
}

bool ReadMemory(std::string_view& in, SuppressionMemory& memory) {
  std::uint64_t flags = 0;
  if (!base::ReadVarint(in, flags) || flags > kAllFlags) return false;
  memory.told = (flags & kTold) != 0;
  memory.held = (flags & kHeld) != 0;
  memory.blocked = (flags & kBlocked) != 0;
  memory.exhausted = (flags & kExhausted) != 0;
  if (!ReadMs(in, memory.first_seen.ms)) return false;
  if ((flags & kHasSuppressedSince) != 0 && !ReadMs(in, memory.suppressed_since.emplace().ms)) return false;
  if ((flags & kHasFreedAt) != 0 && !ReadMs(in, memory.freed_at.emplace().ms)) return false;
  std::string_view note;
  if (!ReadMs(in, memory.extension.ms) || !ReadMs(in, memory.max.ms) || !base::ReadLengthPrefixed(in, note)) {
    return false;
  }
  memory.note = std::string(note);
  return true;
}

}  // namespace

std::string SuppressedAlertKey(const metric::Labels& labels) {
  return std::string(kSuppressedAlertPrefix).append(labels.bytes());
}

std::string SuppressedOwedKey(std::uint64_t number) {
  std::string key(kSuppressedOwedPrefix);
  base::AppendBigEndian64(key, number);
  return key;
}

std::string EncodeAlertRecord(const AlertRecord& record) {
  std::string out;
  base::AppendVarint(out, kRecordVersion);
  base::AppendVarint(out, static_cast<std::uint64_t>(record.state));
  AppendMs(out, record.onset.ms);
  AppendMs(out, record.forget_at.ms);
  AppendMemory(out, record.memory);
  metric::EncodeAlertUpdate(record.update, out);
  return out;
}

std::optional<AlertRecord> DecodeAlertRecord(std::string_view bytes) {
  AlertRecord record;
  std::uint64_t version = 0, state = 0;
  if (!base::ReadVarint(bytes, version) || version != kRecordVersion || !base::ReadVarint(bytes, state) ||
      state > static_cast<std::uint64_t>(RecordState::kAwaited) || !ReadMs(bytes, record.onset.ms) ||
      !ReadMs(bytes, record.forget_at.ms) || !ReadMemory(bytes, record.memory) ||
      !metric::DecodeAlertUpdate(bytes, record.update) || !bytes.empty()) {
    return std::nullopt;
  }
  record.state = static_cast<RecordState>(state);
  return record;
}

std::string EncodeSuppressionMeta(const SuppressionMeta& meta) {
  std::string out;
  base::AppendVarint(out, kMetaVersion);
  AppendMs(out, meta.began_at.ms);
  base::AppendVarint(out, meta.taken);
  base::AppendVarint(out, meta.last_given);
  return out;
}

std::optional<SuppressionMeta> DecodeSuppressionMeta(std::string_view bytes) {
  SuppressionMeta meta;
  std::uint64_t version = 0;
  if (!base::ReadVarint(bytes, version) || version != kMetaVersion || !ReadMs(bytes, meta.began_at.ms) ||
      !base::ReadVarint(bytes, meta.taken) || !base::ReadVarint(bytes, meta.last_given) || !bytes.empty()) {
    return std::nullopt;
  }
  return meta;
}

}  // namespace bellwether::incidents
