// storage/head/head_impl.h
//
// The parts of the head. Order of locks: a standing selection's, SeriesTable's, AliasTable's, a shard's, pins'. No two
// shards' are held at once.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "storage/head/head.h"
#include "storage/head/series_table.h"
#include "storage/head/shard.h"
#include "storage/head/standing_selections.h"

namespace bellwether::storage::head {

// Who may still use a ref that nobody can find any more. Time is counted in collections of garbage.
class Pins {
 public:
  [[nodiscard]] std::uint64_t Enter();
  void Leave(std::uint64_t epoch);
  // Begins a new epoch and returns the one that ended.
  std::uint64_t EndEpoch();
  // True if nobody is left who entered in `epoch` or before.
  [[nodiscard]] bool AllLeft(std::uint64_t epoch) const;

 private:
  mutable base::Mutex mu_;
  std::uint64_t epoch_ BW_GUARDED_BY(mu_) = 1;
  std::map<std::uint64_t, std::uint64_t> inside_ BW_GUARDED_BY(mu_);
};

struct Applying;  // head_apply.cc

struct Head::Impl {
  explicit Impl(const HeadOptions& opts);

  [[nodiscard]] Shard& ShardFor(std::uint32_t slot) { return *shards[ShardOf(slot)]; }
  [[nodiscard]] Pin NewPin();
  // What the archive knows of a series that is new here is what it is judged by.
  [[nodiscard]] base::Result<SeriesPlace> FindOrAttach(const metric::Labels& labels, std::string_view alias,
                                                       SeriesTable::Limit limit);
  void BeginSeries(SeriesPlace place, SavedSeries* known);
  [[nodiscard]] base::Status KeepNewest(std::span<const std::uint32_t> slots);
  // A detached series that somebody still had, found by everybody again; or what took its place.
  [[nodiscard]] SeriesPlace Revive(SeriesPlace place);
  [[nodiscard]] bool DetachIfIdle(std::uint32_t slot, base::TimestampMs idle_before);
  template <typename Sample>
  Outcome TakeRevived(Applying& a, Sample sample, std::size_t index);
  template <typename Sample>
  void TakeAll(std::span<const Sample> samples, const TimeBounds& bounds, bool replay, Applied& applied,
               std::vector<Outcome>& outcomes);
  [[nodiscard]] base::Status RestoreSamples(const Snapshot& snapshot, const std::function<bool(WindowId)>& is_sealed,
                                            Loaded& loaded);
  // Adds the values of `name` whose first few series show that they have samples in the range. False if others may
  // have.
  [[nodiscard]] bool FirstOfEachValue(std::string_view name, Range range, std::set<std::string, std::less<>>& values);
  // Slots of `set` whose series has samples in the range.
  [[nodiscard]] std::vector<std::uint32_t> WithSamples(const index::IdSet& set, Range range) const;

  const HeadOptions options;
  const SeriesLimits limits;

  // Internally synchronized.
  SeriesTable table;
  Shards shards;
  StandingSelections standing;
  Pins pins;
  std::atomic<std::uint64_t> deletions{0};  // That have ended.
  std::atomic<std::uint32_t> first_live_segment{1};
  std::atomic<std::uint32_t> snapshot_mark{0};

  struct Detaching {
    std::uint32_t slot = 0;
    std::uint32_t number = 0;  // Of the series' detachings.
  };
  struct Detached {
    std::uint64_t epoch = 0;
    std::vector<Detaching> series;
  };
  [[nodiscard]] std::vector<Detaching> Detachings(std::span<const std::uint32_t> slots);
  void FreeDetached(std::span<const Detaching> series);

  base::Mutex garbage_mu;                                    // One collection at a time; before all others.
  std::vector<Detached> detached BW_GUARDED_BY(garbage_mu);  // Not freed yet.
};

}  // namespace bellwether::storage::head
