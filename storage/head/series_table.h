// storage/head/series_table.h
//
// Which series there are: a slot each, labels as ids of the dictionary, posting lists, aliases. Knows nothing of
// samples.
//
// A slot lives in three steps: attached (found by everybody), detached (found by nobody, but whoever found it before
// may still use it) and free. The owner frees a detached slot once no pin is left that is older than its detaching.
//
// Threads: thread-safe. LabelsOf and the like take no lock: labels do not move or change between attaching and freeing,
// and the caller has the slot from one of the locked functions, under a pin.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "metric/labels.h"
#include "metric/matcher.h"
#include "storage/head/alias_table.h"
#include "storage/head/pair_stamps.h"
#include "storage/head/snapshot_format.h"
#include "storage/index/id_set.h"
#include "storage/index/label_index.h"
#include "storage/index/paged_array.h"
#include "storage/index/string_pool.h"
#include "storage/storage.h"

namespace bellwether::storage::head {

class SeriesTable {
 public:
  SeriesTable(std::uint64_t hash_seed, std::size_t series_limit);

  void FindByAlias(std::span<const std::string_view> aliases, std::span<SeriesRef> refs) const {
    aliases_.Find(aliases, refs);
  }
  // The series of the labels. From now on the alias leads there, if there is one and it is not empty.
  [[nodiscard]] std::optional<SeriesPlace> Find(const metric::Labels& labels, std::string_view alias);
  // The same, or a slot attached for it; `prepare` is called for a new one before anybody can find it.
  // kLimitExceeded, where the limit holds.
  enum class Limit : std::uint8_t { kHolds, kIgnored };
  [[nodiscard]] base::Result<SeriesPlace> FindOrAttach(const metric::Labels& labels, std::string_view alias,
                                                       Limit limit, const std::function<void(SeriesPlace)>& prepare);

  // Of these slots, those for which `unused` says yes are not found by label set or matcher any more; `unused` is asked
  // with the table locked. Adds them to `detached`. Their aliases still lead to them until ForgetAliases.
  void Detach(std::span<const std::uint32_t> slots, const std::function<bool(std::uint32_t)>& unused,
              std::vector<std::uint32_t>& detached);
  void ForgetAliases(std::vector<std::uint32_t> slots);
  // Attaches a detached slot again and returns it; or the slot that has taken its place meanwhile.
  [[nodiscard]] SeriesPlace Reattach(std::uint32_t slot, const std::function<void(SeriesPlace)>& prepare);
  // Detached slots that nobody knows any more.
  void Free(std::span<const std::uint32_t> slots);

  // Fills an empty table from a snapshot's batches: slots 0, 1, 2, ... in their order. kCorruption: the table is in no
  // useful state then.
  [[nodiscard]] base::Status Restore(std::span<const std::string_view> batches, const SnapshotTotals& totals);

  [[nodiscard]] metric::Labels LabelsOf(std::uint32_t slot) const;
  // The same as ids of the dictionary.
  void IdsOf(std::uint32_t slot, std::vector<index::LabelIds>& ids) const;
  [[nodiscard]] std::string_view Text(index::StringId id) const { return strings_.Get(id); }
  // Order of label sets; by_metric: of (metric name, label set).
  void SortByLabels(std::vector<std::uint32_t>& slots) const;
  void SortByMetricAndLabels(std::vector<std::uint32_t>& slots) const;

  [[nodiscard]] index::IdSet Resolve(std::span<const metric::Matcher> matchers) const;
  // Tell whether Resolve would find other series than before.
  [[nodiscard]] const PairStamps& stamps() const { return stamps_; }
  // Names, and values of `name`, that some of these series have.
  void CollectNames(const index::IdSet& series, std::set<std::string, std::less<>>& names) const;
  void CollectValues(std::string_view name, const index::IdSet& series,
                     std::set<std::string, std::less<>>& values) const;

  // A value of a name and some of the series that have it.
  struct ValueSeries {
    std::string value;
    std::array<std::uint32_t, 4> slots{};
    std::size_t count = 0;
    bool all = false;  // No other series has it.
  };
  [[nodiscard]] std::vector<ValueSeries> ValuesOf(std::string_view name) const;

  [[nodiscard]] std::size_t size() const;
  // Slots given out so far are below this.
  [[nodiscard]] std::uint32_t slot_bound() const;
  void AddStats(std::size_t limit, StorageStats& stats) const;
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  using LabelIds = index::LabelIds;
  // In the arena: the shape, then the ids of the values. Series made by one program share few shapes.
  struct Slot {
    const std::uint32_t* ids = nullptr;
    std::uint16_t generation = 0;
  };
  struct Shape {
    std::vector<index::StringId> names;  // In order of the names. Never freed.
  };

  class LabelWalk;
  [[nodiscard]] const Shape& ShapeOf(std::uint32_t slot) const { return shapes_[slots_[slot].ids[0]]; }
  [[nodiscard]] int Compare(std::uint32_t a, std::uint32_t b) const;
  [[nodiscard]] std::string_view MetricName(std::uint32_t slot) const;
  std::uint32_t ShapeFor(const std::vector<index::StringId>& names) BW_REQUIRES(mu_);
  std::uint32_t NewSlot() BW_REQUIRES(mu_);
  void StoreLabels(std::uint32_t slot, const metric::Labels& labels) BW_REQUIRES(mu_);
  [[nodiscard]] std::vector<LabelIds> IdsOf(std::uint32_t slot) const;
  class Restoring;
  [[nodiscard]] std::optional<SeriesPlace> FindLabels(const metric::Labels& labels) const BW_REQUIRES_SHARED(mu_);
  void SetAlias(std::string_view alias, SeriesPlace place) BW_REQUIRES_SHARED(mu_);

  const std::size_t series_limit_;

  // Internally synchronized.
  PairStamps stamps_;
  AliasTable aliases_;     // By what senders call the series.
  AliasTable label_sets_;  // By the label set's own bytes; changed under mu_ only.

  // Changed under mu_; elements in use are read without it.
  index::PagedArray<Slot> slots_;
  index::PagedArray<Shape, 64> shapes_;
  index::StringPool strings_;

  mutable base::SharedMutex mu_;
  index::RecyclingArena arena_ BW_GUARDED_BY(mu_);
  index::LabelIndex postings_ BW_GUARDED_BY(mu_);
  std::map<std::vector<index::StringId>, std::uint32_t> shape_ids_ BW_GUARDED_BY(mu_);
  std::vector<std::uint32_t> free_slots_ BW_GUARDED_BY(mu_);
  std::uint32_t slot_bound_ BW_GUARDED_BY(mu_) = 0;
  std::size_t attached_ BW_GUARDED_BY(mu_) = 0;
};

}  // namespace bellwether::storage::head
