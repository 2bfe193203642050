// Reading the head: slots from matchers, then series by series under the shard's mutex.
#include <algorithm>
#include <utility>

#include "storage/chunk/reset_hints.h"
#include "storage/head/head_impl.h"

namespace bellwether::storage::head {
namespace {

// Series looked at under one hold of a shard's mutex.
constexpr std::size_t kProbeAtOnce = 256;

class SlotSelection final : public Head::Selection {
 public:
  SlotSelection(Head::Pin pin, const SeriesTable& table, std::span<const std::unique_ptr<Shard>> shards,
                std::vector<std::uint32_t> slots, Head::Range range, const SelectHints& hints)
      : pin_(std::move(pin)), table_(table), shards_(shards), slots_(std::move(slots)), range_(range), hints_(hints) {}

  bool Next() override {
    if (hints_.limit > 0 && given_ == hints_.limit) return false;
    while (at_ < slots_.size()) {
      const std::uint32_t slot = slots_[at_++];
      if (!Load(slot)) continue;
      labels_ = table_.LabelsOf(slot);
      ++given_;
      return true;
    }
    return false;
  }
  [[nodiscard]] const metric::Labels& labels() const override { return labels_; }
  [[nodiscard]] std::span<const chunk::ChunkView> chunks() const override { return views_; }
  [[nodiscard]] const std::optional<Head::NewestFloat>& newest() const override { return newest_; }

 private:
  bool Load(std::uint32_t slot) {
    snapshot_.Clear();
    views_ = {};
    newest_.reset();
    const Shard& shard = *shards_[ShardOf(slot)];
    {
      const base::MutexLock lock(shard.mu);
      const Series& s = shard.At(slot);
      if (hints_.labels_only) return s.Overlaps(range_.min, range_.max);
      if (hints_.newest_only && s.NewestIsAtHand() && s.newest() <= range_.max) {
        if (s.newest() < range_.min) return false;
        newest_ = {s.newest(), s.newest_value()};
        return true;
      }
      s.Read(s.MayHaveHistograms() ? chunk::HintsFrom(range_.min) : range_.min, range_.max, snapshot_);
    }
    views_ = snapshot_.Views();
    return !views_.empty();
  }

  const Head::Pin pin_;
  const SeriesTable& table_;
  const std::span<const std::unique_ptr<Shard>> shards_;
  const std::vector<std::uint32_t> slots_;
  const Head::Range range_;
  const SelectHints hints_;
  std::size_t at_ = 0;
  std::size_t given_ = 0;
  metric::Labels labels_;
  SeriesSnapshot snapshot_;
  std::span<const chunk::ChunkView> views_;
  std::optional<Head::NewestFloat> newest_;
};

}  // namespace

std::unique_ptr<Head::Selection> Head::Select(std::span<const metric::Matcher> matchers, Range range,
                                              const SelectHints& hints) const {
  range.min = std::max(range.min, hints.min);
  range.max = std::min(range.max, hints.max);
  Pin pin = impl_->NewPin();
  std::vector<std::uint32_t> slots;
  // Series that came and went are left out before anything is sorted.
  const Range looked_at{chunk::HintsFrom(range.min), range.max};
  if (range.min <= range.max) slots = impl_->WithSamples(impl_->table.Resolve(matchers), looked_at);
  impl_->table.SortByLabels(slots);
  return std::make_unique<SlotSelection>(std::move(pin), impl_->table, impl_->shards, std::move(slots), range, hints);
}

std::unique_ptr<SeriesSet> Head::SelectAgain(std::span<const metric::Matcher> matchers, Range range, bool newest_only,
                                             std::shared_ptr<const void> held) {
  struct Held {
    Pin pin;
    std::shared_ptr<const void> rest;
  };
  auto kept = std::make_shared<const Held>(Held{impl_->NewPin(), std::move(held)});
  return impl_->standing.Select({.matchers = matchers,
                                 .min = range.min,
                                 .max = range.max,
                                 .newest_only = newest_only,
                                 .deletions = impl_->deletions.load()},
                                std::move(kept));
}

std::vector<std::uint32_t> Head::Impl::WithSamples(const index::IdSet& set, Range range) const {
  std::array<std::vector<std::uint32_t>, kShards> by_shard;
  for (const std::uint32_t slot : set.ToVector()) by_shard[ShardOf(slot)].push_back(slot);
  std::vector<std::uint32_t> found;
  for (std::size_t number = 0; number < kShards; ++number) {
    const std::vector<std::uint32_t>& slots = by_shard[number];
    for (std::size_t begin = 0; begin < slots.size(); begin += kProbeAtOnce) {
      const Shard& shard = *shards[number];
      const base::MutexLock lock(shard.mu);
      const std::size_t end = std::min(slots.size(), begin + kProbeAtOnce);
      for (std::size_t i = begin; i < end; ++i) {
        if (shard.At(slots[i]).Overlaps(range.min, range.max)) found.push_back(slots[i]);
      }
    }
  }
  return found;
}

bool Head::Impl::FirstOfEachValue(std::string_view name, Range range, std::set<std::string, std::less<>>& values) {
  bool all_known = true;
  for (SeriesTable::ValueSeries& found : table.ValuesOf(name)) {
    const auto slots = std::span(found.slots).first(found.count);
    const bool live = std::any_of(slots.begin(), slots.end(), [&](std::uint32_t slot) {
      const Shard& shard = *shards[ShardOf(slot)];
      const base::MutexLock lock(shard.mu);
      return shard.At(slot).Overlaps(range.min, range.max);
    });
    if (live) values.insert(std::move(found.value));
    all_known = all_known && (live || found.all);
  }
  return all_known;
}

void Head::LabelNames(std::span<const metric::Matcher> matchers, Range range,
                      std::set<std::string, std::less<>>& names) const {
  const Pin pin = impl_->NewPin();
  index::IdSet live;
  live.AddMany(impl_->WithSamples(impl_->table.Resolve(matchers), range));
  impl_->table.CollectNames(live, names);
}

void Head::LabelValues(std::string_view name, std::span<const metric::Matcher> matchers, Range range,
                       std::set<std::string, std::less<>>& values) const {
  const Pin pin = impl_->NewPin();
  if (matchers.empty() && impl_->FirstOfEachValue(name, range, values)) return;
  index::IdSet live;
  live.AddMany(impl_->WithSamples(impl_->table.Resolve(matchers), range));
  impl_->table.CollectValues(name, live, values);
}

StorageStats Head::Stats(std::size_t limit) const {
  StorageStats stats;
  impl_->table.AddStats(limit, stats);
  const std::uint32_t bound = impl_->table.slot_bound();
  for (std::size_t number = 0; number < kShards; ++number) {
    const Shard& shard = *impl_->shards[number];
    for (std::size_t begin = number; begin < bound; begin += kShards * kProbeAtOnce) {
      const base::MutexLock lock(shard.mu);
      const std::size_t end = std::min<std::size_t>(bound, begin + kShards * kProbeAtOnce);
      for (std::size_t slot = begin; slot < end; slot += kShards) {
        shard.At(static_cast<std::uint32_t>(slot)).AddStats(stats.chunks, stats.min_time, stats.max_time);
      }
    }
  }
  return stats;
}

Head::Within Head::WithinOf(SeriesRef ref, base::TimestampMs min, base::TimestampMs max) const {
  const SeriesPlace place = PlaceOf(ref);
  Shard& shard = impl_->ShardFor(place.slot);
  const base::MutexLock lock(shard.mu);
  const Series& s = shard.At(place.slot);
  return {s.newest(), min <= s.newest() && s.Overlaps(min, max)};
}

}  // namespace bellwether::storage::head
