#include "storage/rocks/rocks_state_store.h"

#include <rocksdb/compaction_filter.h>
#include <rocksdb/db.h>

#include "base/bytes.h"
#include "storage/rocks/database.h"

namespace bellwether::storage {
namespace {

constexpr char kStateLasting = 0;
constexpr char kStateExpiring = 1;

rocksdb::Slice ToStateSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

base::Status StateCorruption(std::string_view key) {
  return base::Corruption("read state entry " + std::string(key) + ": its value is malformed");
}

class StateExpiryFilter final : public rocksdb::CompactionFilter {
 public:
  explicit StateExpiryFilter(base::Clock& clock) : clock_(clock) {}
  [[nodiscard]] const char* Name() const override { return "bellwether.StateExpiry"; }
  bool Filter(int, const rocksdb::Slice&, const rocksdb::Slice& bytes, std::string*, bool*) const override {
    StateValue value;
    return DecodeStateValue(bytes.ToStringView(), value) && value.IsExpired(clock_.Now());
  }

 private:
  base::Clock& clock_;
};

class RocksStateStore final : public StateStore {
 public:
  RocksStateStore(std::shared_ptr<Database> database, base::Clock& clock)
      : database_(std::move(database)), clock_(clock) {}

  base::Status Apply(const StateBatch& batch) override {
    rocksdb::WriteBatch writes;
    for (const StateBatch::Change& change : batch.changes()) {
      const rocksdb::Status added =
          change.value ? writes.Put(database_->state(), change.key, EncodeStateValue(*change.value, change.expires_at))
                       : writes.Delete(database_->state(), change.key);
      if (!added.ok()) return FromRocks(added, "collect a state batch");
    }
    return WriteSynced(*database_, writes, "write a state batch");
  }

  [[nodiscard]] base::Result<std::optional<std::string>> Get(std::string_view key) const override {
    std::string bytes;
    const rocksdb::Status got = database_->db().Get({}, database_->state(), ToStateSlice(key), &bytes);
    if (got.IsNotFound()) return std::optional<std::string>();
    if (!got.ok()) return FromRocks(got, "read state entry " + std::string(key));
    StateValue value;
    if (!DecodeStateValue(bytes, value)) return StateCorruption(key);
    if (value.IsExpired(clock_.Now())) return std::optional<std::string>();
    return std::optional<std::string>(value.value);
  }

  base::Status Scan(std::string_view prefix, std::string_view after,
                    const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    const base::TimestampMs now = clock_.Now();
    const std::unique_ptr<rocksdb::Iterator> it(database_->db().NewIterator({}, database_->state()));
    for (it->Seek(ToStateSlice(after > prefix ? after : prefix)); it->Valid(); it->Next()) {
      const std::string_view key = it->key().ToStringView();
      if (!key.starts_with(prefix)) break;
      if (key == after && !after.empty()) continue;
      StateValue value;
      if (!DecodeStateValue(it->value().ToStringView(), value)) return StateCorruption(key);
      if (!value.IsExpired(now) && !visit(key, value.value)) break;
    }
    return FromRocks(it->status(), "scan state entries of " + std::string(prefix));
  }

 private:
  std::shared_ptr<Database> database_;
  base::Clock& clock_;
};

}  // namespace

std::string EncodeStateValue(std::string_view value, std::optional<base::TimestampMs> expires_at) {
  std::string bytes;
  bytes.reserve(value.size() + 9);
  bytes.push_back(expires_at ? kStateExpiring : kStateLasting);
  if (expires_at) base::AppendFixed64(bytes, static_cast<std::uint64_t>(expires_at->ms));
  bytes.append(value);
  return bytes;
}

bool DecodeStateValue(std::string_view bytes, StateValue& value) {
  if (bytes.empty()) return false;
  const char kind = bytes.front();
  bytes.remove_prefix(1);
  value.expires_at.reset();
  if (kind == kStateExpiring) {
    std::uint64_t ms = 0;
    if (!base::ReadFixed64(bytes, ms)) return false;
    value.expires_at = base::TimestampMs(static_cast<std::int64_t>(ms));
  } else if (kind != kStateLasting) {
    return false;
  }
  value.value = bytes;
  return true;
}

std::unique_ptr<rocksdb::CompactionFilter> NewStateExpiryFilter(base::Clock& clock) {
  return std::make_unique<StateExpiryFilter>(clock);
}

std::unique_ptr<StateStore> NewRocksStateStore(std::shared_ptr<Database> database, base::Clock& clock) {
  return std::make_unique<RocksStateStore>(std::move(database), clock);
}

}  // namespace bellwether::storage
