// Forgetting samples of the head by selector and time.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "storage/chunk/chunk.h"
#include "storage/chunk/time_range.h"
#include "storage/head/head_impl.h"

namespace bellwether::storage::head {

bool Series::Delete(const chunk::TimeRange& range, WindowCounts& windows) {
  if (!Overlaps(range.min, range.max)) {
    if (range.Contains(newest_)) FindNewest();  // It is on disk, and goes there.
    return false;
  }
  // What grows is closed first, so that all that is left to cut are closed chunks and late samples.
  if (open_ != nullptr && open_->count() > 0 && range.Overlaps(open_->min(), open_->max())) CloseFloats();
  if (extras_ != nullptr && extras_->histograms.count() > 0 &&
      range.Overlaps(extras_->histograms.min(), extras_->histograms.max())) {
    CloseHistograms();
  }
  if (const chunk::FloatStream* run = LateRun(); run != nullptr && range.Overlaps(run->min(), run->max())) {
    CloseLateRun();
  }
  for (HeadChunk** link = &closed_; *link != nullptr;) {
    HeadChunk* whole = *link;
    if (!range.Overlaps(whole->min(), whole->max())) {
      link = &whole->next;
      continue;
    }
    const auto cut = chunk::CutOut(whole->view(), {&range, 1});
    BW_CHECK(cut.has_value());  // This process wrote the chunk.
    *link = whole->next;
    if (cut->count > 0) {
      HeadChunk* rest = HeadChunk::New(cut->view());
      rest->late = whole->late;
      rest->taken = whole->taken;
      rest->next = std::exchange(*link, rest);
      link = &rest->next;
    } else {
      windows.Add(whole->min(), -1);
    }
    whole->Unref();
  }
  if (extras_ != nullptr) {
    std::erase_if(extras_->late, [&](const LateSample& sample) {
      if (!range.Contains(sample.t)) return false;
      windows.Add(sample.t, -1);
      return true;
    });
  }
  if (range.Contains(newest_)) FindNewest();
  return true;
}

// The newest of the samples that are here, or none.
void Series::FindNewest() {
  newest_ = kNoSample;
  newest_bits_ = 0;
  newest_is_histogram_ = false;
  defined_in = 0;  // A snapshot leaves out a series without any.
  SeriesSnapshot all;
  Read(base::TimestampMs::Min(), base::TimestampMs::Max(), all);
  const std::span<const chunk::ChunkView> views = all.Views();
  const auto last =
      std::max_element(views.begin(), views.end(), [](const auto& a, const auto& b) { return a.max < b.max; });
  if (last == views.end()) return;
  chunk::Columns columns;
  BW_CHECK(chunk::DecodeChunk(last->bytes, columns));
  if (columns.histograms.empty()) {
    RestoreNewest(columns.timestamps.back(), columns.values.back());
  } else {
    RestoreNewest(columns.timestamps.back(), columns.histograms.back());
  }
}

void Head::Delete(SelectorSpan selectors, const chunk::TimeRange& range) {
  const Pin pin = impl_->NewPin();
  for (const std::vector<metric::Matcher>& matchers : selectors) {
    for (const std::uint32_t slot : impl_->table.Resolve(matchers).ToVector()) {
      Shard& shard = impl_->ShardFor(slot);
      const base::MutexLock lock(shard.mu);
      shard.At(slot).Delete(range, shard.windows);
    }
  }
  ++impl_->deletions;
}

}  // namespace bellwether::storage::head
