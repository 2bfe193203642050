#include "storage/rocks/rocks_newest_archive.h"

#include <rocksdb/compaction_filter.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <chrono>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/log.h"

namespace bellwether::storage {
namespace {

rocksdb::Slice ToNewestSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

class NewestExpiryFilter final : public rocksdb::CompactionFilter {
 public:
  NewestExpiryFilter(base::Clock& clock, base::DurationMs retention) : clock_(clock), retention_(retention) {}
  [[nodiscard]] const char* Name() const override { return "bellwether.NewestExpiry"; }
  bool Filter(int, const rocksdb::Slice&, const rocksdb::Slice& bytes, std::string*, bool*) const override {
    head::SavedSeries saved;
    return retention_.ms > 0 && DecodeNewest(bytes.ToStringView(), saved) && saved.newest < clock_.Now() - retention_;
  }

 private:
  base::Clock& clock_;
  const base::DurationMs retention_;
};

}  // namespace

std::string NewestKey(const metric::Labels& labels) {
  const std::string_view bytes = labels.bytes();
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  return {reinterpret_cast<const char*>(canonical.digest), kNewestKeyBytes};
}

bool DecodeNewest(std::string_view bytes, head::SavedSeries& saved) {
  return head::ReadSavedSeries(bytes, saved) && bytes.empty() && saved.chunks.empty();
}

RocksNewestArchive::RocksNewestArchive(std::shared_ptr<Database> database) : database_(std::move(database)) {
  const std::unique_ptr<rocksdb::Iterator> it(database_->db().NewIterator({}, database_->newest()));
  it->SeekToFirst();
  any_ = it->Valid() || !it->status().ok();
}

base::Status RocksNewestArchive::Keep(std::span<const Entry> entries) {
  rocksdb::WriteBatch writes;
  for (const Entry& entry : entries) {
    const rocksdb::Status added = writes.Put(database_->newest(), NewestKey(entry.labels), ToNewestSlice(entry.saved));
    if (!added.ok()) return FromRocks(added, "collect the newest samples of idle series");
  }
  any_ = true;
  return WriteSynced(*database_, writes, "keep the newest samples of idle series");
}

bool RocksNewestArchive::Find(const metric::Labels& labels, head::SavedSeries& saved) {
  if (!any_) return false;
  rocksdb::PinnableSlice bytes;
  const rocksdb::Status got = database_->db().Get({}, database_->newest(), NewestKey(labels), &bytes);
  if (got.IsNotFound()) return false;
  if (got.ok() && DecodeNewest(bytes.ToStringView(), saved)) return true;
  BW_LOG_EVERY(std::chrono::seconds(10), kError, "newest sample of a series that comes back not read",
               {"series", labels.ToMetricString()}, {"error", got.ok() ? "its value is malformed" : got.ToString()});
  return false;
}

base::Status RocksNewestArchive::Forget(std::span<const metric::Labels> series, const chunk::TimeRange& range) {
  rocksdb::WriteBatch writes;
  head::SavedSeries saved;
  for (const metric::Labels& labels : series) {
    if (!Find(labels, saved) || !range.Contains(saved.newest)) continue;
    const rocksdb::Status added = writes.Delete(database_->newest(), NewestKey(labels));
    if (!added.ok()) return FromRocks(added, "collect series to be forgotten");
  }
  return writes.Count() == 0 ? base::OkStatus() : WriteSynced(*database_, writes, "forget newest samples");
}

std::unique_ptr<rocksdb::CompactionFilter> NewNewestExpiryFilter(base::Clock& clock, base::DurationMs retention) {
  return std::make_unique<NewestExpiryFilter>(clock, retention);
}

}  // namespace bellwether::storage
