// storage/state_store.h
//
// What must not be lost besides samples: alert states, silences, incidents, the notification outbox. A small ordered
// map of byte strings with atomic durable batches, prefix scans and expiry. Each owner has a prefix of its own
// ("rules/", "notify/", ...) and never touches another's, and no batch spans two owners.
//
// A hand-over between two owners is a queue in the giver's prefix: the giver writes its new state and the updates it
// owes in one batch; the taker writes its new state and the number of the last update taken in one batch of its own;
// the giver then forgets. Each step is exactly once in effect over a crash.
//
// Thread-safe. Implementations: RocksDB (beside the samples) and memory; one contract test for both.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace bellwether::storage {

// Changes that happen together or not at all. Later changes of a key in one batch win.
class StateBatch {
 public:
  // With `expires_at` the entry is gone for readers from that time on, and removed from disk some time later.
  void Put(std::string key, std::string value, std::optional<base::TimestampMs> expires_at = std::nullopt) {
    changes_.push_back({std::move(key), std::move(value), expires_at});
  }
  void Delete(std::string key) { changes_.push_back({std::move(key), std::nullopt, std::nullopt}); }

  struct Change {
    std::string key;
    std::optional<std::string> value;  // Nothing: delete.
    std::optional<base::TimestampMs> expires_at;
  };
  [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }
  [[nodiscard]] bool empty() const { return changes_.empty(); }

 private:
  std::vector<Change> changes_;
};

class StateStore {
 public:
  virtual ~StateStore() = default;

  // On OK the batch is synced to disk. On an error nothing of it is visible. kUnavailable (disk full), kInternal (I/O).
  virtual base::Status Apply(const StateBatch& batch) = 0;

  [[nodiscard]] virtual base::Result<std::optional<std::string>> Get(std::string_view key) const = 0;

  // Calls `visit` for the entries whose key begins with `prefix`, ascending bytewise, beginning behind `after` (empty:
  // from the first). Stops when `visit` says false. Sees one moment; `visit` may call the store.
  virtual base::Status Scan(std::string_view prefix, std::string_view after,
                            const std::function<bool(std::string_view key, std::string_view value)>& visit) const = 0;
};

}  // namespace bellwether::storage
