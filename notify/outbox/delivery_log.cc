#include "notify/outbox/delivery_log.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"

namespace bellwether::notify {
namespace {

constexpr std::string_view kLogPrefix = "notify/v1/log/";
constexpr std::uint64_t kLogVersion = 1;

// Ascending by time, as the store sorts.
std::string LogKeyAt(base::TimestampMs at) {
  return fmt::format("{}{:016x}", kLogPrefix, static_cast<std::uint64_t>(std::max<std::int64_t>(at.ms, 0)));
}

bool ReadLogText(std::string_view& in, std::string& out) {
  std::string_view bytes;
  if (!base::ReadLengthPrefixed(in, bytes)) return false;
  out = std::string(bytes);
  return true;
}

bool ReadLogTime(std::string_view& in, base::TimestampMs& t) {
  std::uint64_t v = 0;
  if (!base::ReadVarint(in, v)) return false;
  t = base::TimestampMs(base::UnZigZag(v));
  return true;
}

std::string RecordBytes(const DeliveryRecord& record) {
  std::string out;
  base::AppendVarint(out, kLogVersion);
  for (const base::TimestampMs t : {record.at, record.ready_at}) base::AppendVarint(out, base::ZigZag(t.ms));
  for (const std::uint64_t n :
       {record.id, record.revision, static_cast<std::uint64_t>(record.result), static_cast<std::uint64_t>(record.index),
        static_cast<std::uint64_t>(record.attempts), record.alert_count}) {
    base::AppendVarint(out, n);
  }
  for (const std::string* text :
       {&record.receiver, &record.integration, &record.group_key, &record.reason, &record.answer}) {
    base::AppendLengthPrefixed(out, *text);
  }
  base::AppendVarint(out, record.alerts.size());
  for (const DeliveredAlert& alert : record.alerts) {
    out.push_back(alert.firing ? 1 : 0);
    base::AppendLengthPrefixed(out, alert.labels.bytes());
  }
  return out;
}

bool ReadRecord(std::string_view in, DeliveryRecord& record) {
  std::uint64_t version = 0, result = 0, index = 0, attempts = 0, count = 0;
  if (!base::ReadVarint(in, version) || version != kLogVersion || !ReadLogTime(in, record.at) ||
      !ReadLogTime(in, record.ready_at) || !base::ReadVarint(in, record.id) || !base::ReadVarint(in, record.revision) ||
      !base::ReadVarint(in, result) || !base::ReadVarint(in, index) || !base::ReadVarint(in, attempts) ||
      !base::ReadVarint(in, record.alert_count) || result > static_cast<std::uint64_t>(DeliveryResult::kDead)) {
    return false;
  }
  record.result = static_cast<DeliveryResult>(result);
  record.index = static_cast<std::size_t>(index);
  record.attempts = static_cast<int>(attempts);
  for (std::string* text : {&record.receiver, &record.integration, &record.group_key, &record.reason, &record.answer}) {
    if (!ReadLogText(in, *text)) return false;
  }
  if (!base::ReadVarint(in, count)) return false;
  for (; count > 0; --count) {
    std::string_view labels;
    if (in.empty()) return false;
    DeliveredAlert alert{.labels = {}, .firing = in[0] != 0};
    in.remove_prefix(1);
    if (!base::ReadLengthPrefixed(in, labels)) return false;
    auto decoded = metric::Labels::Decode(labels);
    if (!decoded) return false;
    alert.labels = std::move(*decoded);
    record.alerts.push_back(std::move(alert));
  }
  return in.empty();
}

bool Matches(const DeliveryRecord& record, const DeliveryLogQuery& query) {
  if (!query.receiver.empty() && record.receiver != query.receiver) return false;
  if (query.result && record.result != *query.result) return false;
  if (query.matchers.empty()) return true;
  return std::any_of(record.alerts.begin(), record.alerts.end(), [&](const DeliveredAlert& alert) {
    return std::all_of(query.matchers.begin(), query.matchers.end(),
                       [&](const metric::Matcher& m) { return m.Matches(alert.labels.Get(m.name())); });
  });
}

}  // namespace

std::string_view DeliveryResultName(DeliveryResult result) {
  switch (result) {
    case DeliveryResult::kDelivered: return "delivered";
    case DeliveryResult::kReplaced: return "replaced";
    case DeliveryResult::kDead: return "dead";
  }
  return "";
}

void PutDeliveryRecord(const DeliveryRecord& record, storage::StateBatch& batch) {
  batch.Put(fmt::format("{}-{:016x}-{:08x}", LogKeyAt(record.at), record.id, record.revision), RecordBytes(record),
            record.at + kDeliveryLogAge);
}

base::Result<std::vector<DeliveryRecord>> ReadDeliveryLog(const storage::StateStore& state,
                                                          const DeliveryLogQuery& query) {
  std::vector<DeliveryRecord> out;
  std::string corrupt;
  BW_RETURN_IF_ERROR(state.Scan(kLogPrefix, LogKeyAt(query.start), [&](std::string_view key, std::string_view value) {
    DeliveryRecord record;
    if (!ReadRecord(value, record)) {
      corrupt = std::string(key);
      return false;
    }
    if (record.at > query.end) return false;
    if (Matches(record, query)) out.push_back(std::move(record));
    return out.size() < query.limit;
  }));
  if (!corrupt.empty()) return base::Corruption("read " + corrupt + ": malformed entry");
  return out;
}

}  // namespace bellwether::notify
