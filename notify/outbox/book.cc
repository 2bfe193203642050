#include "notify/outbox/book.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/sha256.h"

namespace bellwether::notify {
namespace {

constexpr std::string_view kTakenKey = "notify/v1/taken";
constexpr std::string_view kNextIdKey = "notify/v1/next";
constexpr std::string_view kGroupPrefix = "notify/v1/group/";
constexpr std::string_view kAlertPrefix = "notify/v1/alert/";
constexpr std::string_view kAnnouncedPrefix = "notify/v1/announced/";
constexpr std::string_view kWaitingPrefix = "notify/v1/waiting/";
constexpr std::string_view kDeadPrefix = "notify/v1/dead/";
constexpr std::string_view kMemoryPrefix = "notify/v1/memory/";
constexpr std::uint64_t kBookVersion = 1;
constexpr std::uint64_t kWaitingVersion = 2;    // 1: without the age.
constexpr std::uint64_t kAnnouncedVersion = 2;  // 1: without what is open.

void AppendTime(std::string& out, base::TimestampMs t) { base::AppendVarint(out, base::ZigZag(t.ms)); }

bool ReadTime(std::string_view& in, base::TimestampMs& t) {
  std::uint64_t v = 0;
  if (!base::ReadVarint(in, v)) return false;
  t = base::TimestampMs(base::UnZigZag(v));
  return true;
}

bool ReadOwned(std::string_view& in, std::string& out) {
  std::string_view bytes;
  if (!base::ReadLengthPrefixed(in, bytes)) return false;
  out = std::string(bytes);
  return true;
}

bool ReadVersion(std::string_view& in) {
  std::uint64_t version = 0;
  return base::ReadVarint(in, version) && version == kBookVersion;
}

std::string NumberBytes(std::uint64_t n) {
  std::string out;
  base::AppendVarint(out, n);
  return out;
}

std::string GroupBytes(const AlertGroup& group) {
  std::string out;
  base::AppendVarint(out, kBookVersion);
  for (const std::string* text : {&group.route_id, &group.group_key, &group.receiver}) {
    base::AppendLengthPrefixed(out, *text);
  }
  base::AppendLengthPrefixed(out, group.group_labels.bytes());
  AppendTime(out, group.next_flush);
  base::AppendVarint(out, (group.flushed ? 1U : 0U) | (group.orphan ? 2U : 0U));
  return out;
}

bool ReadGroup(std::string_view in, AlertGroup& group) {
  std::string labels;
  std::uint64_t flags = 0;
  if (!ReadVersion(in) || !ReadOwned(in, group.route_id) || !ReadOwned(in, group.group_key) ||
      !ReadOwned(in, group.receiver) || !ReadOwned(in, labels) || !ReadTime(in, group.next_flush) ||
      !base::ReadVarint(in, flags) || !in.empty()) {
    return false;
  }
  auto decoded = metric::Labels::Decode(labels);
  if (!decoded) return false;
  group.group_labels = std::move(*decoded);
  group.flushed = (flags & 1) != 0;
  group.orphan = (flags & 2) != 0;
  return true;
}

void AppendFingerprints(std::string& out, const std::set<std::uint64_t>& fingerprints) {
  base::AppendVarint(out, fingerprints.size());
  for (const std::uint64_t f : fingerprints) base::AppendFixed64(out, f);
}

bool ReadFingerprints(std::string_view& in, std::set<std::uint64_t>& out) {
  std::uint64_t count = 0;
  if (!base::ReadVarint(in, count)) return false;
  for (; count > 0; --count) {
    std::uint64_t f = 0;
    if (!base::ReadFixed64(in, f)) return false;
    out.insert(f);
  }
  return true;
}

std::string AnnouncedBytes(const Announced& announced) {
  std::string out;
  base::AppendVarint(out, kAnnouncedVersion);
  AppendTime(out, announced.at);
  AppendFingerprints(out, announced.firing);
  AppendFingerprints(out, announced.resolved);
  AppendFingerprints(out, announced.open);
  return out;
}

bool ReadAnnounced(std::string_view in, Announced& out) {
  std::uint64_t version = 0;
  return base::ReadVarint(in, version) && version > 0 && version <= kAnnouncedVersion && ReadTime(in, out.at) &&
         ReadFingerprints(in, out.firing) && ReadFingerprints(in, out.resolved) &&
         (version == 1 || ReadFingerprints(in, out.open)) && in.empty();
}

std::string WaitingBytes(const WaitingMessage& waiting) {
  std::string out;
  base::AppendVarint(out, kWaitingVersion);
  base::AppendVarint(out, waiting.id);
  base::AppendVarint(out, waiting.revision);
  AppendTime(out, waiting.created_at);
  AppendTime(out, waiting.next_attempt_at);
  base::AppendVarint(out, static_cast<std::uint64_t>(waiting.attempts));
  base::AppendVarint(out, waiting.shrunk ? 1 : 0);
  base::AppendVarint(out, static_cast<std::uint64_t>(waiting.announced_age.ms));
  base::AppendLengthPrefixed(out, waiting.last_error);
  EncodeMessage(waiting.message, out);
  return out;
}

bool ReadWaiting(std::string_view in, WaitingMessage& out) {
  std::uint64_t version = 0, attempts = 0, shrunk = 0, age = 0;
  if (!base::ReadVarint(in, version) || version == 0 || version > kWaitingVersion || !base::ReadVarint(in, out.id) ||
      !base::ReadVarint(in, out.revision) || !ReadTime(in, out.created_at) || !ReadTime(in, out.next_attempt_at) ||
      !base::ReadVarint(in, attempts) || !base::ReadVarint(in, shrunk) || (version > 1 && !base::ReadVarint(in, age)) ||
      !ReadOwned(in, out.last_error) || !DecodeMessage(in, out.message)) {
    return false;
  }
  out.attempts = static_cast<int>(attempts);
  out.shrunk = shrunk != 0;
  out.announced_age = base::DurationMs(static_cast<std::int64_t>(age));
  return in.empty();
}

std::string AlertKey(const std::string& group, std::uint64_t fingerprint) {
  return fmt::format("{}{}/{:016x}", kAlertPrefix, group, fingerprint);
}

// "GROUP/0123456789abcdef" taken apart.
bool SplitAlertKey(std::string_view rest, std::string& group, std::uint64_t& fingerprint) {
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return false;
  group = std::string(rest.substr(0, slash));
  rest.remove_prefix(slash + 1);
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), fingerprint, 16);
  return error == std::errc() && end == rest.data() + rest.size();
}

base::Result<std::uint64_t> LoadNumber(const storage::StateStore& state, std::string_view key, std::uint64_t absent) {
  BW_ASSIGN_OR_RETURN(const auto bytes, state.Get(key));
  if (!bytes) return absent;
  std::string_view in = *bytes;
  std::uint64_t n = 0;
  if (!base::ReadVarint(in, n) || !in.empty()) {
    return base::Corruption(fmt::format("read {}: not a number", key));
  }
  return n;
}

// Gives each entry below `prefix` to `take`, without the prefix; false from it is a corrupt entry.
base::Status LoadEntries(const storage::StateStore& state, std::string_view prefix,
                         const std::function<bool(std::string_view rest, std::string_view value)>& take) {
  std::string corrupt;
  BW_RETURN_IF_ERROR(state.Scan(prefix, "", [&](std::string_view key, std::string_view value) {
    if (take(key.substr(prefix.size()), value)) return true;
    corrupt = std::string(key);
    return false;
  }));
  return corrupt.empty() ? base::OkStatus() : base::Corruption("read " + corrupt + ": malformed entry");
}

void AddHolder(std::uint64_t fingerprint, const std::string& group, Book& book) {
  std::vector<std::string>& holders = book.holders[fingerprint];
  if (std::find(holders.begin(), holders.end(), group) == holders.end()) holders.push_back(group);
}

void RemoveHolder(std::uint64_t fingerprint, const std::string& group, Book& book) {
  const auto it = book.holders.find(fingerprint);
  if (it == book.holders.end()) return;
  std::erase(it->second, group);
  if (it->second.empty()) book.holders.erase(it);
}

void RemoveGroup(const std::string& id, Book& book) {
  const auto it = book.groups.find(id);
  if (it == book.groups.end()) return;
  for (const auto& [fingerprint, alert] : it->second.alerts) RemoveHolder(fingerprint, id, book);
  book.groups.erase(it);
}

std::string DeadKey(std::uint64_t id) { return fmt::format("{}{:016x}", kDeadPrefix, id); }

void AddDead(WaitingMessage message, Book& book) {
  book.dead.push_back(std::move(message));
  if (book.dead.size() > kDeadLettersMax) book.dead.pop_front();
}

}  // namespace

std::string DestinationId(std::string_view group_key, std::string_view receiver, std::string_view integration,
                          std::size_t index) {
  std::string bytes;
  for (const std::string_view part : {group_key, receiver, integration}) base::AppendLengthPrefixed(bytes, part);
  base::AppendVarint(bytes, index);
  return base::Sha256Hex(bytes).substr(0, 32);
}

std::string DestinationId(const Message& message) {
  return DestinationId(message.group_key, message.receiver, message.integration, message.index);
}

std::string GroupId(std::string_view route_id, std::string_view group_key, std::string_view receiver) {
  std::string bytes;
  for (const std::string_view part : {route_id, group_key, receiver}) base::AppendLengthPrefixed(bytes, part);
  return base::Sha256Hex(bytes).substr(0, 32);
}

storage::StateBatch BatchOf(const Change& change, const Book& book, base::TimestampMs now) {
  storage::StateBatch batch;
  if (change.taken) batch.Put(std::string(kTakenKey), NumberBytes(*change.taken));
  if (change.next_id) batch.Put(std::string(kNextIdKey), NumberBytes(*change.next_id));
  for (const auto& [id, group] : change.groups) {
    const std::string key = std::string(kGroupPrefix) + id;
    if (group) {
      batch.Put(key, GroupBytes(*group));
      continue;
    }
    batch.Delete(key);
    if (const auto it = book.groups.find(id); it != book.groups.end()) {
      for (const auto& [fingerprint, alert] : it->second.alerts) batch.Delete(AlertKey(id, fingerprint));
    }
  }
  for (const auto& [key, alert] : change.alerts) {
    if (alert) {
      std::string bytes;
      metric::EncodeAlertUpdate(*alert, bytes);
      batch.Put(AlertKey(key.second, key.first), std::move(bytes));
    } else {
      batch.Delete(AlertKey(key.second, key.first));
    }
  }
  for (const auto& [id, announced] : change.announced) {
    const std::string key = std::string(kAnnouncedPrefix) + id;
    if (announced) {
      batch.Put(key, AnnouncedBytes(announced->first), announced->second);
    } else {
      batch.Delete(key);
    }
  }
  for (const auto& [id, waiting] : change.waiting) {
    const std::string key = std::string(kWaitingPrefix) + id;
    if (waiting) {
      batch.Put(key, WaitingBytes(*waiting));
    } else {
      batch.Delete(key);
    }
  }
  for (const std::uint64_t id : change.revived) batch.Delete(DeadKey(id));
  for (const WaitingMessage& dead : change.dead) {
    batch.Put(DeadKey(dead.id), WaitingBytes(dead), now + kDeadLetterAge);
  }
  for (const auto& [id, memory] : change.memories) {
    batch.Put(std::string(kMemoryPrefix) + id, ReceiverMemoryBytes(memory.first), memory.second);
  }
  for (const DeliveryRecord& record : change.log) PutDeliveryRecord(record, batch);
  return batch;
}

void MakeChange(Change change, Book& book) {
  if (change.taken) book.taken = *change.taken;
  if (change.next_id) book.next_id = *change.next_id;
  for (auto& [id, group] : change.groups) {
    if (!group) {
      RemoveGroup(id, book);
      continue;
    }
    AlertGroup& slot = book.groups[id];
    group->alerts = std::move(slot.alerts);
    slot = std::move(*group);
  }
  for (auto& [key, alert] : change.alerts) {
    const auto& [fingerprint, group] = key;
    const auto it = book.groups.find(group);
    if (it == book.groups.end()) continue;
    if (alert) {
      it->second.alerts.insert_or_assign(fingerprint, std::move(*alert));
      AddHolder(fingerprint, group, book);
    } else {
      it->second.alerts.erase(fingerprint);
      RemoveHolder(fingerprint, group, book);
    }
  }
  for (auto& [id, announced] : change.announced) {
    if (announced) {
      book.announced.insert_or_assign(id, std::move(announced->first));
    } else {
      book.announced.erase(id);
    }
  }
  for (auto& [id, waiting] : change.waiting) {
    if (waiting) {
      book.waiting.insert_or_assign(id, std::move(*waiting));
    } else {
      book.waiting.erase(id);
    }
  }
  for (const std::uint64_t id : change.revived) {
    std::erase_if(book.dead, [&](const WaitingMessage& dead) { return dead.id == id; });
  }
  for (WaitingMessage& dead : change.dead) AddDead(std::move(dead), book);
  for (auto& [id, memory] : change.memories) book.memories.insert_or_assign(id, std::move(memory.first));
}

AlertGroup HeaderOf(const AlertGroup& group) {
  AlertGroup header;
  header.route_id = group.route_id;
  header.group_key = group.group_key;
  header.receiver = group.receiver;
  header.group_labels = group.group_labels;
  header.next_flush = group.next_flush;
  header.flushed = group.flushed;
  header.orphan = group.orphan;
  return header;
}

std::vector<std::uint64_t> AlertsOf(const Change& change, const Book& book) {
  std::vector<std::uint64_t> out;
  for (const auto& [key, alert] : change.alerts) out.push_back(key.first);
  for (const auto& [id, group] : change.groups) {
    const auto it = group ? book.groups.end() : book.groups.find(id);
    if (it == book.groups.end()) continue;
    for (const auto& [fingerprint, alert] : it->second.alerts) out.push_back(fingerprint);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

const metric::AlertUpdate* NewestOf(const Book& book, std::uint64_t fingerprint) {
  const metric::AlertUpdate* newest = nullptr;
  const auto holders = book.holders.find(fingerprint);
  if (holders == book.holders.end()) return nullptr;
  for (const std::string& group : holders->second) {
    const metric::AlertUpdate& alert = book.groups.at(group).alerts.at(fingerprint);
    if (newest == nullptr || newest->updated_at < alert.updated_at) newest = &alert;
  }
  return newest;
}

base::Result<Book> LoadBook(const storage::StateStore& state) {
  Book book;
  BW_ASSIGN_OR_RETURN(book.taken, LoadNumber(state, kTakenKey, 0));
  BW_ASSIGN_OR_RETURN(book.next_id, LoadNumber(state, kNextIdKey, 1));
  BW_RETURN_IF_ERROR(LoadEntries(state, kGroupPrefix, [&](std::string_view rest, std::string_view value) {
    return ReadGroup(value, book.groups[std::string(rest)]);
  }));
  BW_RETURN_IF_ERROR(LoadEntries(state, kAlertPrefix, [&](std::string_view rest, std::string_view value) {
    std::string group;
    std::uint64_t fingerprint = 0;
    metric::AlertUpdate alert;
    if (!SplitAlertKey(rest, group, fingerprint) || !metric::DecodeAlertUpdate(value, alert)) return false;
    const auto it = book.groups.find(group);
    if (it == book.groups.end()) return true;
    it->second.alerts.emplace(fingerprint, std::move(alert));
    AddHolder(fingerprint, group, book);
    return true;
  }));
  BW_RETURN_IF_ERROR(LoadEntries(state, kAnnouncedPrefix, [&](std::string_view rest, std::string_view value) {
    return ReadAnnounced(value, book.announced[std::string(rest)]);
  }));
  BW_RETURN_IF_ERROR(LoadEntries(state, kWaitingPrefix, [&](std::string_view rest, std::string_view value) {
    return ReadWaiting(value, book.waiting[std::string(rest)]);
  }));
  BW_RETURN_IF_ERROR(LoadEntries(state, kDeadPrefix, [&](std::string_view, std::string_view value) {
    WaitingMessage dead;
    if (!ReadWaiting(value, dead)) return false;
    AddDead(std::move(dead), book);
    return true;
  }));
  BW_RETURN_IF_ERROR(LoadEntries(state, kMemoryPrefix, [&](std::string_view rest, std::string_view value) {
    return ReadReceiverMemory(value, book.memories[std::string(rest)]);
  }));
  return book;
}

}  // namespace bellwether::notify
