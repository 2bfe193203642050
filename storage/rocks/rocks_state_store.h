// storage/rocks/rocks_state_store.h
//
// The state store on disk: the column family `state` of the database beside the samples. A batch is one synced write.
//
// An entry's value is a byte 0 and the bytes, or a byte 1, the time of expiry (fixed 64, milliseconds) and the bytes.
// Readers skip what has expired; a compaction filter removes it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/time.h"
#include "storage/state_store.h"

namespace rocksdb {
class CompactionFilter;
}

namespace bellwether::storage {

class Database;

// The store keeps the database open as long as it lives.
[[nodiscard]] std::unique_ptr<StateStore> NewRocksStateStore(std::shared_ptr<Database> database, base::Clock& clock);

// Drops expired entries. `clock` outlives it.
[[nodiscard]] std::unique_ptr<rocksdb::CompactionFilter> NewStateExpiryFilter(base::Clock& clock);

// An entry's value as it stands on disk, and back; false on bytes that EncodeStateValue did not make.
struct StateValue {
  std::optional<base::TimestampMs> expires_at;
  std::string_view value;
  [[nodiscard]] bool IsExpired(base::TimestampMs now) const { return expires_at && *expires_at <= now; }
};
[[nodiscard]] std::string EncodeStateValue(std::string_view value, std::optional<base::TimestampMs> expires_at);
[[nodiscard]] bool DecodeStateValue(std::string_view bytes, StateValue& value);

}  // namespace bellwether::storage
