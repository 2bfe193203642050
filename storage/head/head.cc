#include "storage/head/head.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "storage/head/head_impl.h"

namespace bellwether::storage::head {

std::uint64_t Pins::Enter() {
  const base::MutexLock lock(mu_);
  ++inside_[epoch_];
  return epoch_;
}

void Pins::Leave(std::uint64_t epoch) {
  const base::MutexLock lock(mu_);
  const auto entry = inside_.find(epoch);
  if (--entry->second == 0 && epoch != epoch_) inside_.erase(entry);  // That of the present epoch is kept for the next.
}

std::uint64_t Pins::EndEpoch() {
  const base::MutexLock lock(mu_);
  const auto entry = inside_.find(epoch_);
  if (entry != inside_.end() && entry->second == 0) inside_.erase(entry);
  return epoch_++;
}

bool Pins::AllLeft(std::uint64_t epoch) const {
  const base::MutexLock lock(mu_);
  return inside_.empty() || inside_.begin()->first > epoch;
}

Head::Impl::Impl(const HeadOptions& opts)
    : options(opts),
      limits{std::clamp<std::size_t>(opts.chunk_samples_max, 1, chunk::kMaxChunkSamples - 1)},
      table(opts.hash_seed, opts.series_limit),
      standing(table, shards, opts.standing_memory) {
  for (auto& shard : shards) shard = std::make_unique<Shard>(opts.window);
}

Head::Pin Head::Impl::NewPin() {
  Pin pin;
  pin.head_ = this;
  pin.epoch_ = pins.Enter();
  return pin;
}

// The archive is asked before anybody can find the new series, and after garbage collection has told it of the old one.
base::Result<SeriesPlace> Head::Impl::FindOrAttach(const metric::Labels& labels, std::string_view alias,
                                                   SeriesTable::Limit limit) {
  if (const auto found = table.Find(labels, alias)) return *found;
  thread_local SavedSeries saved;
  SavedSeries* const known = options.archive != nullptr && options.archive->Find(labels, saved) ? &saved : nullptr;
  return table.FindOrAttach(labels, alias, limit, [&](SeriesPlace created) { BeginSeries(created, known); });
}

void Head::Impl::BeginSeries(SeriesPlace place, SavedSeries* known) {
  Shard& shard = ShardFor(place.slot);
  const base::MutexLock lock(shard.mu);
  shard.series.GrowTo(place.slot / kShards + 1);
  Series& s = shard.At(place.slot);
  s.Begin(place.generation);
  if (known != nullptr) s.Restore(*known, {}, shard.windows);
}

Head::Head(const HeadOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Head::~Head() = default;

Head::Pin::Pin(Pin&& other) noexcept : head_(std::exchange(other.head_, nullptr)), epoch_(other.epoch_) {}

Head::Pin& Head::Pin::operator=(Pin&& other) noexcept {
  std::swap(head_, other.head_);
  std::swap(epoch_, other.epoch_);
  return *this;
}

Head::Pin::~Pin() {
  if (head_ != nullptr) head_->pins.Leave(epoch_);
}

Head::Pin Head::PinRefs() { return impl_->NewPin(); }

void Head::FindByAlias(std::span<const std::string_view> aliases, std::span<SeriesRef> refs) const {
  impl_->table.FindByAlias(aliases, refs);
}

base::Result<SeriesRef> Head::FindOrCreate(const metric::Labels& labels, std::string_view alias) {
  BW_CHECK(!labels.empty());
  const auto place = impl_->FindOrAttach(labels, alias, SeriesTable::Limit::kHolds);
  if (!place.ok()) return place.status();
  return RefOf(*place);
}

SeriesRef Head::Find(const metric::Labels& labels, std::string_view alias) {
  const auto place = impl_->table.Find(labels, alias);
  return place ? RefOf(*place) : SeriesRef::kNone;
}

SeriesRef Head::FindOrRestore(const metric::Labels& labels) {
  BW_CHECK(!labels.empty());
  return RefOf(impl_->FindOrAttach(labels, {}, SeriesTable::Limit::kIgnored).value());
}

metric::Labels Head::LabelsOf(SeriesRef ref) const { return impl_->table.LabelsOf(PlaceOf(ref).slot); }

void Head::MarkDefined(std::span<const SeriesRef> series, std::uint32_t segment) {
  for (const SeriesRef ref : series) {
    const SeriesPlace place = PlaceOf(ref);
    Shard& shard = impl_->ShardFor(place.slot);
    const base::MutexLock lock(shard.mu);
    Series& s = shard.At(place.slot);
    // Asked under the lock under which Save looks at the series: it came before the mark was set, or goes by it.
    if (segment < impl_->snapshot_mark.load()) continue;
    if (s.generation == place.generation) s.defined_in = std::max(s.defined_in, segment);
  }
}

SeriesRef Head::LoadedRef(std::size_t slot) { return RefOf({static_cast<std::uint32_t>(slot), 0}); }

void Head::SetFirstLiveSegment(std::uint32_t segment) { impl_->first_live_segment.store(segment); }
void Head::SetSnapshotMark(std::uint32_t segment) { impl_->snapshot_mark.store(segment); }

std::size_t Head::SeriesCount() const { return impl_->table.size(); }

// ---- Garbage

namespace {

// Slots of one shard that look like garbage now.
std::vector<std::uint32_t> IdleSlots(Shard& shard, std::size_t number, std::uint32_t bound,
                                     base::TimestampMs idle_before) {
  std::vector<std::uint32_t> idle;
  const base::MutexLock lock(shard.mu);
  for (std::size_t slot = number; slot < bound; slot += kShards) {
    const Series& s = shard.At(static_cast<std::uint32_t>(slot));
    if (!s.detached && !s.HasSamples() && s.newest() < idle_before) idle.push_back(static_cast<std::uint32_t>(slot));
  }
  return idle;
}

}  // namespace

base::Result<std::size_t> Head::CollectGarbage(base::TimestampMs idle_before) {
  Impl& impl = *impl_;
  impl.standing.ForgetUnused();
  const base::MutexLock collecting(impl.garbage_mu);
  const std::uint32_t bound = impl.table.slot_bound();
  std::vector<std::uint32_t> idle;
  for (std::size_t number = 0; number < kShards; ++number) {
    const auto of_shard = IdleSlots(*impl.shards[number], number, bound, idle_before);
    idle.insert(idle.end(), of_shard.begin(), of_shard.end());
  }
  if (impl.options.archive != nullptr) BW_RETURN_IF_ERROR(impl.KeepNewest(idle));
  std::vector<std::uint32_t> detached;
  impl.table.Detach(
      idle, [&](std::uint32_t slot) { return impl.DetachIfIdle(slot, idle_before); }, detached);
  impl.table.ForgetAliases(detached);
  impl.detached.push_back({impl.pins.EndEpoch(), impl.Detachings(detached)});
  std::erase_if(impl.detached, [&](const Impl::Detached& entry) {
    if (!impl.pins.AllLeft(entry.epoch)) return false;
    impl.FreeDetached(entry.series);
    return true;
  });
  return detached.size();
}

void Head::RestIdle(base::TimestampMs idle_before) {
  constexpr std::size_t kRestedAtOnce = 256;  // Under one hold of a shard's mutex.
  const std::uint32_t bound = impl_->table.slot_bound();
  for (std::size_t number = 0; number < kShards; ++number) {
    Shard& shard = *impl_->shards[number];
    for (std::size_t begin = number; begin < bound; begin += kShards * kRestedAtOnce) {
      const base::MutexLock lock(shard.mu);
      const std::size_t end = std::min<std::size_t>(bound, begin + kShards * kRestedAtOnce);
      for (std::size_t slot = begin; slot < end; slot += kShards) {
        Series& s = shard.At(static_cast<std::uint32_t>(slot));
        if (s.newest() < idle_before && s.HasOpenFloats()) s.Rest();
      }
    }
  }
}

// One that gets a sample meanwhile stays in the head, and is kept again when it goes.
base::Status Head::Impl::KeepNewest(std::span<const std::uint32_t> slots) {
  constexpr std::size_t kKeptAtOnce = 4096;
  std::vector<NewestArchive::Entry> entries;
  for (std::size_t begin = 0; begin < slots.size(); begin += kKeptAtOnce) {
    entries.clear();
    for (const std::uint32_t slot : slots.subspan(begin, std::min(kKeptAtOnce, slots.size() - begin))) {
      std::string saved;
      Shard& shard = ShardFor(slot);
      {
        const base::MutexLock lock(shard.mu);
        shard.At(slot).SaveNewest(saved);
      }
      if (!saved.empty()) entries.push_back({table.LabelsOf(slot), std::move(saved)});
    }
    if (!entries.empty()) BW_RETURN_IF_ERROR(options.archive->Keep(entries));
  }
  return base::OkStatus();
}

bool Head::Impl::DetachIfIdle(std::uint32_t slot, base::TimestampMs idle_before) {
  Shard& shard = ShardFor(slot);
  const base::MutexLock lock(shard.mu);
  Series& s = shard.At(slot);
  if (s.detached || s.HasSamples() || s.newest() >= idle_before) return false;
  s.detached = true;
  ++s.detachings;
  return true;
}

std::vector<Head::Impl::Detaching> Head::Impl::Detachings(std::span<const std::uint32_t> slots) {
  std::vector<Detaching> result;
  for (const std::uint32_t slot : slots) {
    Shard& shard = ShardFor(slot);
    const base::MutexLock lock(shard.mu);
    result.push_back({slot, shard.At(slot).detachings});
  }
  return result;
}

void Head::Impl::FreeDetached(std::span<const Detaching> series) {
  std::vector<std::uint32_t> freed;
  for (const Detaching& d : series) {
    Shard& shard = ShardFor(d.slot);
    const base::MutexLock lock(shard.mu);
    Series& s = shard.At(d.slot);
    // Otherwise somebody who had it appended to it; if it was detached again, that is another entry's.
    if (!s.detached || s.detachings != d.number) continue;
    s.FreeMemory();
    freed.push_back(d.slot);
  }
  table.Free(freed);
}

}  // namespace bellwether::storage::head
