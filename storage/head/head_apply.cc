// Taking samples: a batch is grouped by shard, each shard's mutex is taken once, and the memory of a series is asked
// for a few samples ahead.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "storage/head/head_impl.h"

namespace bellwether::storage::head {

// What one Apply, or Replay, works with.
struct Applying {
  const TimeBounds& bounds;
  base::DurationMs out_of_order_window;
  const SeriesLimits& limits;
  std::uint32_t first_live_segment;
  bool replay;
  Applied& applied;
  // The sample that was refused first, filled in when no lock is held.
  std::size_t first_refused = SIZE_MAX;
  double first_existing = 0;
};

namespace {

constexpr std::size_t kAhead = 8;  // Samples between asking for memory and using it.

// Indices of a batch, shard after shard, in the batch's order within each.
class ShardOrder {
 public:
  template <typename Sample>
  void Build(std::span<const Sample> samples) {
    std::array<std::uint32_t, kShards> next{};
    begins_.fill(0);
    for (const Sample& s : samples) ++next[ShardOf(PlaceOf(s.ref).slot)];
    std::uint32_t begin = 0;
    for (std::size_t i = 0; i < kShards; ++i) {
      begins_[i] = begin;
      begin += std::exchange(next[i], begin);
    }
    begins_[kShards] = begin;
    order_.resize(samples.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
      order_[next[ShardOf(PlaceOf(samples[i].ref).slot)]++] = static_cast<std::uint32_t>(i);
    }
  }
  [[nodiscard]] std::span<const std::uint32_t> Of(std::size_t shard) const {
    return std::span(order_).subspan(begins_[shard], begins_[shard + 1] - begins_[shard]);
  }

 private:
  std::array<std::uint32_t, kShards + 1> begins_{};
  std::vector<std::uint32_t> order_;
};

bool SameAsNewest(const Series& s, const FloatSample& sample) { return s.NewestIs(sample.value); }
bool SameAsNewest(const Series& s, const HistogramSample& sample) { return s.NewestIs(*sample.histogram); }

void TakeInOrder(Series& s, const FloatSample& sample, const SeriesLimits& limits, WindowCounts& windows) {
  s.AppendInOrder(sample.timestamp, sample.value, sample.start_timestamp, limits, windows);
}
void TakeInOrder(Series& s, const HistogramSample& sample, const SeriesLimits& limits, WindowCounts& windows) {
  s.AppendInOrder(sample.timestamp, *sample.histogram, sample.start_timestamp, limits, windows);
}

void TakeLate(Series& s, const FloatSample& sample, const SeriesLimits& limits, WindowCounts& windows) {
  s.AppendLate(sample.timestamp, sample.value, sample.start_timestamp, limits, windows);
}
void TakeLate(Series& s, const HistogramSample& sample, const SeriesLimits& limits, WindowCounts& windows) {
  s.AppendLate(
      {sample.timestamp, 0, sample.start_timestamp, std::make_unique<const metric::NativeHistogram>(*sample.histogram)},
      limits, windows);
}

double ValueOf(const FloatSample& sample) { return sample.value; }
double ValueOf(const HistogramSample&) { return 0; }

template <typename Sample>
Outcome Decide(const Applying& a, const Series& s, const Sample& sample) {
  if (a.replay) {
    if (sample.timestamp > s.newest() || s.newest() == kNoSample) return Outcome::kTaken;
    // Told once by a snapshot and once by the journal.
    return sample.timestamp == s.newest() && SameAsNewest(s, sample) ? Outcome::kRepeat : Outcome::kTakenLate;
  }
  return DecideOrder(sample.timestamp, s.newest(), a.bounds, a.out_of_order_window,
                     [&] { return SameAsNewest(s, sample); });
}

template <typename Sample>
Outcome TakeOne(Applying& a, Shard& shard, Series& s, const Sample& sample, std::size_t index) BW_REQUIRES(shard.mu) {
  const Outcome outcome = Decide(a, s, sample);
  if (outcome == Outcome::kTaken) {
    TakeInOrder(s, sample, a.limits, shard.windows);
  } else if (outcome == Outcome::kTakenLate) {
    TakeLate(s, sample, a.limits, shard.windows);
  } else if (IsRefused(outcome)) {
    if (index < a.first_refused) {
      a.first_refused = index;
      a.first_existing = s.newest_value();
    }
    return outcome;
  }
  if (s.defined_in < a.first_live_segment) [[unlikely]]
    a.applied.undefined.push_back(sample.ref);
  return outcome;
}

// Takes the samples of one shard; those of detached series are left to the caller. What is known of a series leads to
// its chunk, and that to the chunk's end: each is asked for some samples before the next is.
template <typename Sample>
void TakeShard(Applying& a, Shard& shard, std::span<const Sample> samples, std::span<const std::uint32_t> order,
               std::span<Outcome> outcomes, std::vector<std::uint32_t>& of_detached) {
  const auto slot_of = [&](std::size_t i) { return PlaceOf(samples[order[i]].ref).slot; };
  const std::size_t n = order.size();
  for (std::size_t i = 0; i < std::min(2 * kAhead, n); ++i) shard.Prefetch(slot_of(i));
  const base::MutexLock lock(shard.mu);
  for (std::size_t i = 0; i < std::min(kAhead, n); ++i) shard.At(slot_of(i)).Prefetch();
  for (std::size_t i = 0; i < std::min(kAhead / 2, n); ++i) shard.At(slot_of(i)).PrefetchTail();
  for (std::size_t i = 0; i < n; ++i) {
    if (i + 2 * kAhead < n) shard.Prefetch(slot_of(i + 2 * kAhead));
    if (i + kAhead < n) shard.At(slot_of(i + kAhead)).Prefetch();
    if (i + kAhead / 2 < n) shard.At(slot_of(i + kAhead / 2)).PrefetchTail();
    const Sample& sample = samples[order[i]];
    Series& s = shard.At(PlaceOf(sample.ref).slot);
    BW_CHECK(s.generation == PlaceOf(sample.ref).generation);  // A ref that was kept beyond its commit.
    if (s.detached) [[unlikely]] {
      of_detached.push_back(order[i]);
    } else {
      outcomes[order[i]] = TakeOne(a, shard, s, sample, order[i]);
    }
  }
}

std::uint64_t& Taken(CommitResult& result, const FloatSample*) { return result.floats; }
std::uint64_t& Taken(CommitResult& result, const HistogramSample*) { return result.histograms; }

template <typename Sample>
void Count(std::span<const Outcome> outcomes, CommitResult& result) {
  for (const Outcome outcome : outcomes) {
    if (IsRefused(outcome)) {
      ++result.refused[static_cast<std::size_t>(RefusalOf(outcome))];
    } else {
      ++Taken(result, static_cast<const Sample*>(nullptr));
    }
  }
}

}  // namespace

SeriesPlace Head::Impl::Revive(SeriesPlace place) {
  return table.Reattach(place.slot, [&](SeriesPlace again) {
    Shard& shard = ShardFor(again.slot);
    const base::MutexLock lock(shard.mu);
    Series& s = shard.At(again.slot);
    s.detached = false;
    s.defined_in = 0;  // A snapshot may have left it out.
  });
}

// A sample of a series that was detached when its turn came. A collection may detach it again before it has the sample.
template <typename Sample>
Outcome Head::Impl::TakeRevived(Applying& a, Sample sample, std::size_t index) {
  for (;;) {
    const SeriesPlace place = Revive(PlaceOf(sample.ref));
    sample.ref = RefOf(place);
    Shard& shard = ShardFor(place.slot);
    const base::MutexLock lock(shard.mu);
    Series& s = shard.At(place.slot);
    if (!s.detached) return TakeOne(a, shard, s, sample, index);
  }
}

template <typename Sample>
void Head::Impl::TakeAll(std::span<const Sample> samples, const TimeBounds& bounds, bool replay, Applied& applied,
                         std::vector<Outcome>& outcomes) {
  thread_local ShardOrder order;
  outcomes.resize(samples.size());
  if (samples.empty()) return;
  Applying a{bounds, options.out_of_order_window, limits, first_live_segment.load(), replay, applied};
  order.Build(samples);
  std::vector<std::uint32_t> of_detached;
  for (std::size_t i = 0; i < kShards; ++i) {
    const auto mine = order.Of(i);
    if (!mine.empty()) TakeShard<Sample>(a, *shards[i], samples, mine, outcomes, of_detached);
  }
  for (const std::uint32_t index : of_detached) {
    outcomes[index] = TakeRevived(a, samples[index], index);
    // The series may be another now, but the journal will speak of the ref that was handed in.
    if (!IsRefused(outcomes[index])) applied.undefined.push_back(samples[index].ref);
  }
  Count<Sample>(outcomes, applied.result);
  if (a.first_refused == SIZE_MAX || applied.result.first_refused) return;
  const Sample& first = samples[a.first_refused];
  applied.result.first_refused = {RefusalOf(outcomes[a.first_refused]), table.LabelsOf(PlaceOf(first.ref).slot),
                                  first.timestamp, a.first_existing, ValueOf(first)};
}

void Head::Apply(std::span<const FloatSample> floats, std::span<const HistogramSample> histograms,
                 const TimeBounds& bounds, Applied& applied) {
  applied.result = CommitResult();
  applied.undefined.clear();
  impl_->TakeAll(floats, bounds, false, applied, applied.floats);
  impl_->TakeAll(histograms, bounds, false, applied, applied.histograms);
  std::sort(applied.undefined.begin(), applied.undefined.end());
  applied.undefined.erase(std::unique(applied.undefined.begin(), applied.undefined.end()), applied.undefined.end());
}

void Head::RestoreNewest(std::span<const FloatSample> floats, std::span<const HistogramSample> histograms) {
  for (const FloatSample& sample : floats) {
    Shard& shard = impl_->ShardFor(PlaceOf(sample.ref).slot);
    const base::MutexLock lock(shard.mu);
    shard.At(PlaceOf(sample.ref).slot).RestoreNewest(sample.timestamp, sample.value);
  }
  for (const HistogramSample& sample : histograms) {
    Shard& shard = impl_->ShardFor(PlaceOf(sample.ref).slot);
    const base::MutexLock lock(shard.mu);
    shard.At(PlaceOf(sample.ref).slot).RestoreNewest(sample.timestamp, *sample.histogram);
  }
}

void Head::Replay(std::span<const FloatSample> floats, std::span<const HistogramSample> histograms) {
  thread_local Applied applied;
  applied.undefined.clear();
  impl_->TakeAll(floats, TimeBounds(), true, applied, applied.floats);
  impl_->TakeAll(histograms, TimeBounds(), true, applied, applied.histograms);
}

}  // namespace bellwether::storage::head
