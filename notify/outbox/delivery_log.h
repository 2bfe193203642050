// notify/outbox/delivery_log.h
//
// What became of each message: where it went, when, after how many attempts, with which answer, and which alerts were
// in it. One entry of the state store a message, kept for thirty days; nothing of it is in memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/labels.h"
#include "metric/matcher.h"
#include "storage/state_store.h"

namespace bellwether::notify {

enum class DeliveryResult : std::uint8_t {
  kDelivered,
  kReplaced,  // A newer state took its place before it could be delivered.
  kDead,      // Given up.
};
[[nodiscard]] std::string_view DeliveryResultName(DeliveryResult result);  // "delivered", "replaced", "dead"

struct DeliveredAlert {
  metric::Labels labels;
  bool firing = true;
  friend bool operator==(const DeliveredAlert&, const DeliveredAlert&) = default;
};

struct DeliveryRecord {
  base::TimestampMs at;
  std::uint64_t id = 0;  // Of the message; with the revision it is unique.
  std::uint64_t revision = 0;
  DeliveryResult result = DeliveryResult::kDelivered;
  std::string receiver;
  std::string integration;
  std::size_t index = 0;
  std::string group_key;
  std::string reason;
  base::TimestampMs ready_at;  // When it was put into the outbox.
  int attempts = 0;
  std::string answer;                  // Of the last attempt, in short; without secrets.
  std::vector<DeliveredAlert> alerts;  // The first kLoggedAlertsMax,
  std::uint64_t alert_count = 0;       // of so many.
  friend bool operator==(const DeliveryRecord&, const DeliveryRecord&) = default;
};

inline constexpr std::size_t kLoggedAlertsMax = 100;
inline constexpr base::DurationMs kDeliveryLogAge = base::Days(30);

// Adds the entry to a batch.
void PutDeliveryRecord(const DeliveryRecord& record, storage::StateBatch& batch);

struct DeliveryLogQuery {
  base::TimestampMs start = base::TimestampMs(0);  // Inclusive, as `end`.
  base::TimestampMs end = base::TimestampMs::Max();
  std::vector<metric::Matcher> matchers = {};  // One alert in it has labels that all of these match.
  std::string receiver = {};                   // Empty: any; likewise the result.
  std::optional<DeliveryResult> result = {};
  std::size_t limit = 100;
};

// Oldest first; the first `limit` of them. kCorruption, naming the key, if an entry is not what was written.
[[nodiscard]] base::Result<std::vector<DeliveryRecord>> ReadDeliveryLog(const storage::StateStore& state,
                                                                        const DeliveryLogQuery& query);

}  // namespace bellwether::notify
