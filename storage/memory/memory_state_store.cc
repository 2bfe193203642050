// The state store in memory: a sorted map under a lock. Complete, and as careful as the one on disk; what tests and the
// memory storage use.
#include <map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "storage/open.h"
#include "storage/state_store.h"

namespace bellwether::storage {
namespace {

class MemoryStateStore final : public StateStore {
 public:
  explicit MemoryStateStore(base::Clock& clock) : clock_(clock) {}

  base::Status Apply(const StateBatch& batch) override {
    const base::TimestampMs now = clock_.Now();
    const base::MutexLock lock(mu_);
    for (const StateBatch::Change& change : batch.changes()) {
      if (change.value) {
        entries_.insert_or_assign(change.key, Entry{*change.value, change.expires_at});
      } else {
        entries_.erase(change.key);
      }
    }
    Sweep(now);
    return base::OkStatus();
  }

  [[nodiscard]] base::Result<std::optional<std::string>> Get(std::string_view key) const override {
    const base::TimestampMs now = clock_.Now();
    const base::MutexLock lock(mu_);
    const auto it = entries_.find(key);
    if (it == entries_.end() || it->second.IsExpired(now)) return std::optional<std::string>();
    return std::optional<std::string>(it->second.value);
  }

  base::Status Scan(std::string_view prefix, std::string_view after,
                    const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    for (const auto& [key, value] : Copy(prefix, after)) {
      if (!visit(key, value)) break;
    }
    return base::OkStatus();
  }

 private:
  struct Entry {
    std::string value;
    std::optional<base::TimestampMs> expires_at;
    [[nodiscard]] bool IsExpired(base::TimestampMs now) const { return expires_at && *expires_at <= now; }
  };

  // The visitor may call the store, so it sees a copy and runs without the lock.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> Copy(std::string_view prefix,
                                                                      std::string_view after) const {
    const base::TimestampMs now = clock_.Now();
    std::vector<std::pair<std::string, std::string>> found;
    const base::MutexLock lock(mu_);
    auto it = after > prefix ? entries_.upper_bound(after) : entries_.lower_bound(prefix);
    for (; it != entries_.end() && it->first.starts_with(prefix); ++it) {
      if (it->first != after && !it->second.IsExpired(now)) found.emplace_back(it->first, it->second.value);
    }
    return found;
  }

  // Looks at everything once in as many changes as there are entries: a constant share of each change.
  void Sweep(base::TimestampMs now) BW_REQUIRES(mu_) {
    if (++applied_since_sweep_ < entries_.size()) return;
    applied_since_sweep_ = 0;
    std::erase_if(entries_, [now](const auto& item) { return item.second.IsExpired(now); });
  }

  base::Clock& clock_;

  mutable base::Mutex mu_;
  std::map<std::string, Entry, std::less<>> entries_ BW_GUARDED_BY(mu_);
  std::size_t applied_since_sweep_ BW_GUARDED_BY(mu_) = 0;
};

}  // namespace

std::unique_ptr<StateStore> NewMemoryStateStore(base::Clock& clock) {
  return std::make_unique<MemoryStateStore>(clock);
}

}  // namespace bellwether::storage
