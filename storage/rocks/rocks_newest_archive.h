// storage/rocks/rocks_newest_archive.h
//
// The newest samples of series that left the head, in the column family `newest` (docs/formats/windows.md): a key of
// twelve bytes and some eighteen more for each, a filter of sixteen bits. A store that no series ever left is not asked
// at all; elsewhere a series that is new costs about a microsecond.
//
// The road not taken: looking for the series in the sealed windows, where its newest sample stands. It needs an index
// by label set in each window, and every new series would ask all of them.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "base/time.h"
#include "metric/labels.h"
#include "storage/chunk/time_range.h"
#include "storage/head/newest_archive.h"
#include "storage/rocks/database.h"

namespace rocksdb {
class CompactionFilter;
}

namespace bellwether::storage {

// Thread-safe.
class RocksNewestArchive final : public head::NewestArchive {
 public:
  explicit RocksNewestArchive(std::shared_ptr<Database> database);

  [[nodiscard]] base::Status Keep(std::span<const Entry> entries) override;
  // What cannot be read is reported in the log and counts as not known: the series is then judged as a new one.
  [[nodiscard]] bool Find(const metric::Labels& labels, head::SavedSeries& saved) override;
  // Of these series, forgets those whose newest sample is in the range. Errors: kUnavailable, kInternal.
  [[nodiscard]] base::Status Forget(std::span<const metric::Labels> series, const chunk::TimeRange& range);

 private:
  const std::shared_ptr<Database> database_;
  std::atomic<bool> any_{false};  // Anything was ever kept.
};

// A key of the family: the first twelve bytes of XXH3-128 (canonical) of the label set's bytes.
inline constexpr std::size_t kNewestKeyBytes = 12;
[[nodiscard]] std::string NewestKey(const metric::Labels& labels);
// Its value: false for bytes that are none.
[[nodiscard]] bool DecodeNewest(std::string_view bytes, head::SavedSeries& saved);

// Drops entries older than the retention, which no sample can be judged by any more; 0: none. Clock: that of the store.
[[nodiscard]] std::unique_ptr<rocksdb::CompactionFilter> NewNewestExpiryFilter(base::Clock& clock,
                                                                               base::DurationMs retention);

}  // namespace bellwether::storage
