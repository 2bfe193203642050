// Handing a window over to disk.
#include <algorithm>
#include <utility>

#include "storage/head/head_impl.h"

namespace bellwether::storage::head {
namespace {

// Series looked at under one hold of a shard's mutex.
constexpr std::size_t kSeriesAtOnce = 256;

struct WindowSpan {
  base::TimestampMs min;
  base::TimestampMs max;  // Inclusive.
};

WindowSpan SpanOf(WindowId window, base::DurationMs length) {
  return {WindowStart(window, length), WindowEnd(window, length) - base::DurationMs(1)};
}

// Calls visit(series, slot, counts of its shard) for all series, a few under each hold of a mutex.
template <typename Visit>
void ForEachSeries(std::span<const std::unique_ptr<Shard>> shards, std::uint32_t bound, Visit visit) {
  for (std::size_t number = 0; number < kShards; ++number) {
    Shard& shard = *shards[number];
    for (std::size_t begin = number; begin < bound; begin += kShards * kSeriesAtOnce) {
      const base::MutexLock lock(shard.mu);
      const std::size_t end = std::min<std::size_t>(bound, begin + kShards * kSeriesAtOnce);
      for (std::size_t slot = begin; slot < end; slot += kShards) {
        visit(shard.At(static_cast<std::uint32_t>(slot)), static_cast<std::uint32_t>(slot), shard.windows);
      }
    }
  }
}

class SlotWindow final : public Head::TakenWindow {
 public:
  SlotWindow(Head::Pin pin, const SeriesTable& table, std::span<const std::unique_ptr<Shard>> shards,
             const SeriesLimits& limits, std::vector<std::uint32_t> slots, WindowSpan span)
      : pin_(std::move(pin)), table_(table), shards_(shards), limits_(limits), slots_(std::move(slots)), span_(span) {}

  bool Next() override {
    while (at_ < slots_.size()) {
      slot_ = slots_[at_++];
      snapshot_.Clear();
      Shard& shard = *shards_[ShardOf(slot_)];
      {
        const base::MutexLock lock(shard.mu);
        Series& s = shard.At(slot_);
        generation_ = s.generation;
        s.TakeWindow(span_.min, span_.max, limits_, shard.windows, snapshot_);
      }
      views_ = snapshot_.Views();
      if (views_.empty()) continue;  // Dropped meanwhile.
      labels_ = table_.LabelsOf(slot_);
      return true;
    }
    return false;
  }
  [[nodiscard]] const metric::Labels& labels() const override { return labels_; }
  [[nodiscard]] SeriesRef ref() const override { return RefOf({slot_, generation_}); }
  [[nodiscard]] std::span<const chunk::ChunkView> chunks() const override { return views_; }

 private:
  const Head::Pin pin_;
  const SeriesTable& table_;
  const std::span<const std::unique_ptr<Shard>> shards_;
  const SeriesLimits limits_;
  const std::vector<std::uint32_t> slots_;
  const WindowSpan span_;
  std::size_t at_ = 0;
  std::uint32_t slot_ = 0;
  std::uint16_t generation_ = 0;
  metric::Labels labels_;
  SeriesSnapshot snapshot_;
  std::span<const chunk::ChunkView> views_;
};

}  // namespace

std::vector<WindowId> Head::Windows() const {
  std::vector<WindowId> windows;
  for (const auto& [window, count] : ChunksByWindow()) windows.push_back(window);
  return windows;
}

std::map<WindowId, std::int64_t> Head::ChunksByWindow() const {
  std::map<WindowId, std::int64_t> chunks;
  for (const auto& shard : impl_->shards) {
    const base::MutexLock lock(shard->mu);
    for (const auto& [window, count] : shard->windows.counts()) chunks[window] += count;
  }
  return chunks;
}

// Marks of an earlier try that failed do not stay on series which are left out this time.
std::unique_ptr<Head::TakenWindow> Head::TakeWindow(WindowId window, base::TimestampMs idle_before) {
  Pin pin = impl_->NewPin();
  const WindowSpan span = SpanOf(window, impl_->options.window);
  std::vector<std::uint32_t> slots;
  ForEachSeries(impl_->shards, impl_->table.slot_bound(), [&](Series& s, std::uint32_t slot, WindowCounts&) {
    if (!s.Overlaps(span.min, span.max)) return;
    s.Untake(span.min, span.max);
    if (s.newest() < idle_before) slots.push_back(slot);
  });
  impl_->table.SortByMetricAndLabels(slots);
  return std::make_unique<SlotWindow>(std::move(pin), impl_->table, impl_->shards, impl_->limits, std::move(slots),
                                      span);
}

std::size_t Head::CountIdle(base::TimestampMs idle_before) const {
  std::size_t idle = 0;
  ForEachSeries(impl_->shards, impl_->table.slot_bound(), [&](const Series& s, std::uint32_t, const WindowCounts&) {
    idle += s.newest() < idle_before && s.HasSamples() ? 1 : 0;
  });
  return idle;
}

void Head::DropWindow(WindowId window) {
  const WindowSpan span = SpanOf(window, impl_->options.window);
  ForEachSeries(impl_->shards, impl_->table.slot_bound(),
                [&](Series& s, std::uint32_t, WindowCounts& windows) { s.DropTaken(span.min, span.max, windows); });
}

}  // namespace bellwether::storage::head
