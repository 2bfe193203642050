#include "storage/chunk/merged_cursor.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "storage/chunk/chunk.h"
#include "storage/chunk/columns.h"
#include "storage/chunk/reset_hints.h"

namespace bellwether::storage::chunk {
namespace {

using base::TimestampMs;

template <typename T>
std::span<const T> Cut(const std::vector<T>& column, std::size_t first, std::size_t last) {
  return column.empty() ? std::span<const T>() : std::span(column).subspan(first, last - first);
}

}  // namespace

struct MergedCursor::State {
  struct Ranked {
    ChunkView view;
    std::size_t age = 0;  // Position in which it was named.
  };
  // Where a sample of an overlapping group stands.
  struct Place {
    TimestampMs t;
    std::size_t chunk = 0;  // Of the group; older writes first.
    std::size_t index = 0;
  };

  void Begin(std::span<const ChunkView> named, TimestampMs from, TimestampMs to, Hints hints);
  bool Next(SampleBatch& batch);

 private:
  std::size_t GroupEnd() const;
  bool Decode(const ChunkView& view, Columns& columns);
  bool Fail(const ChunkView& view, std::string_view what);
  bool ReadAlone(SampleBatch& batch);
  bool MergeGroup(std::size_t end);
  bool EmitMerged(SampleBatch& batch);
  void EmitHistograms(std::span<metric::NativeHistogram> histograms, SampleBatch& batch);
  void EndHistograms();
  void SeeSampleBefore();
  const Columns* DecodedBefore(const Ranked& chunk);

  std::vector<Ranked> chunks_;  // By first time.
  std::vector<Ranked> before_;  // What may hold the sample before the range; empty once that has been looked for.
  std::size_t at_ = 0;
  TimestampMs min_;
  TimestampMs max_;
  ResetHints hints_;
  bool as_stored_ = false;

  std::vector<Columns> group_;   // Decoded chunks of one group, by age; the first alone if there is but one.
  std::size_t group_begin_ = 0;  // Position in chunks_ of the group's first.
  std::vector<Place> places_;    // Of the group's samples that are read, by time.
  std::size_t place_ = 0;
  Columns merged_;
  std::vector<const metric::NativeHistogram*> pointers_;
  Columns scratch_;  // A decoded chunk of before_.

 public:
  base::Status status;
};

void MergedCursor::State::Begin(std::span<const ChunkView> named, TimestampMs from, TimestampMs to, Hints hints) {
  as_stored_ = hints == Hints::kAsStored;
  chunks_.clear();
  before_.clear();
  places_.clear();
  at_ = place_ = 0;
  min_ = from;
  max_ = to;
  hints_ = ResetHints();
  status = base::Status();
  const TimestampMs hints_from = HintsFrom(from);
  for (std::size_t age = 0; age < named.size(); ++age) {
    const ChunkView& view = named[age];
    if (view.max >= from && view.min <= to) chunks_.push_back({view, age});
    if (!as_stored_ && view.max >= hints_from && view.min < from) before_.push_back({view, age});
  }
  const auto by_time = [](const Ranked& a, const Ranked& b) { return a.view.min < b.view.min; };
  if (!std::is_sorted(chunks_.begin(), chunks_.end(), by_time))
    std::stable_sort(chunks_.begin(), chunks_.end(), by_time);
}

// Behind the last chunk that overlaps the one at at_, directly or through others.
std::size_t MergedCursor::State::GroupEnd() const {
  std::size_t end = at_ + 1;
  TimestampMs last = chunks_[at_].view.max;
  while (end < chunks_.size() && chunks_[end].view.min <= last) last = std::max(last, chunks_[end++].view.max);
  return end;
}

bool MergedCursor::State::Fail(const ChunkView& view, std::string_view what) {
  status = base::Status(base::StatusCode::kCorruption,
                        fmt::format("read chunk of {} samples from {} to {}: {}", view.count,
                                    base::FormatRfc3339Ms(view.min), base::FormatRfc3339Ms(view.max), what));
  chunks_.clear();
  places_.clear();
  at_ = place_ = 0;
  return false;
}

bool MergedCursor::State::Decode(const ChunkView& view, Columns& columns) {
  columns.Clear();
  if (!DecodeChunk(view.bytes, columns) || columns.timestamps.empty()) return Fail(view, "the bytes are no chunk");
  if (columns.timestamps.size() != view.count || columns.timestamps.front() != view.min ||
      columns.timestamps.back() != view.max) {
    return Fail(view, "its index entry tells of other samples");
  }
  return true;
}

// The samples of a chunk of before_, null if it cannot be read. Those of the first group are there already.
const Columns* MergedCursor::State::DecodedBefore(const Ranked& chunk) {
  for (std::size_t i = group_begin_; i < at_; ++i) {
    if (chunks_[i].age == chunk.age) return &group_[i - group_begin_];
  }
  scratch_.Clear();
  return DecodeChunk(chunk.view.bytes, scratch_) ? &scratch_ : nullptr;
}

// Looks for the last sample before the range, once, when the range begins with a histogram. A damaged chunk there is
// passed over: nothing was asked of it but a hint.
void MergedCursor::State::SeeSampleBefore() {
  struct Found {
    TimestampMs t;
    std::size_t age;
    std::optional<metric::NativeHistogram> histogram;
  };
  const TimestampMs hints_from = HintsFrom(min_);
  const auto latest = [&](const Ranked& chunk) { return std::min(chunk.view.max.ms, min_.ms - 1); };
  std::sort(before_.begin(), before_.end(), [&](const Ranked& a, const Ranked& b) { return latest(a) > latest(b); });
  std::optional<Found> found;
  for (const Ranked& chunk : before_) {
    if (found && latest(chunk) < found->t.ms) break;
    const Columns* columns = DecodedBefore(chunk);
    if (columns == nullptr) continue;
    const std::vector<TimestampMs>& times = columns->timestamps;
    const auto behind = static_cast<std::size_t>(std::lower_bound(times.begin(), times.end(), min_) - times.begin());
    if (behind == 0 || times[behind - 1] < hints_from) continue;
    const TimestampMs t = times[behind - 1];
    if (found && (t < found->t || (t == found->t && chunk.age > found->age))) continue;
    found = Found{t, chunk.age, std::nullopt};
    if (!columns->histograms.empty()) found->histogram = columns->histograms[behind - 1];
  }
  before_.clear();
  if (found && found->histogram) hints_.BeginAfter(std::move(*found->histogram));
}

void MergedCursor::State::EmitHistograms(std::span<metric::NativeHistogram> histograms, SampleBatch& batch) {
  if (!before_.empty()) SeeSampleBefore();
  pointers_.clear();
  for (metric::NativeHistogram& h : histograms) {
    if (!as_stored_) hints_.Next(h);
    pointers_.push_back(&h);
  }
  batch.histograms = pointers_;
}

// A run of floats comes.
void MergedCursor::State::EndHistograms() {
  before_.clear();
  hints_.BreakRun();
}

// False if nothing of the chunk is in the range, or on an error.
bool MergedCursor::State::ReadAlone(SampleBatch& batch) {
  if (group_.empty()) group_.resize(1);
  group_begin_ = at_;
  Columns& columns = group_[0];
  if (!Decode(chunks_[at_++].view, columns)) return false;
  const std::vector<TimestampMs>& times = columns.timestamps;
  const auto first = static_cast<std::size_t>(std::lower_bound(times.begin(), times.end(), min_) - times.begin());
  const auto last = static_cast<std::size_t>(std::upper_bound(times.begin(), times.end(), max_) - times.begin());
  if (first >= last) return false;
  batch = {Cut(times, first, last), Cut(columns.values, first, last), {}, Cut(columns.start_timestamps, first, last)};
  if (columns.histograms.empty()) {
    EndHistograms();
  } else {
    EmitHistograms(std::span(columns.histograms).subspan(first, last - first), batch);
  }
  return true;
}

// Decodes the chunks up to `end` and orders their samples; of equal times the oldest write is kept.
bool MergedCursor::State::MergeGroup(std::size_t end) {
  std::sort(chunks_.begin() + static_cast<std::ptrdiff_t>(at_), chunks_.begin() + static_cast<std::ptrdiff_t>(end),
            [](const Ranked& a, const Ranked& b) { return a.age < b.age; });
  const std::size_t n = end - at_;
  group_begin_ = at_;
  if (group_.size() < n) group_.resize(n);
  places_.clear();
  place_ = 0;
  for (std::size_t c = 0; c < n; ++c) {
    if (!Decode(chunks_[at_ + c].view, group_[c])) return false;
    const std::vector<TimestampMs>& times = group_[c].timestamps;
    for (std::size_t i = 0; i < times.size(); ++i) {
      if (min_ <= times[i] && times[i] <= max_) places_.push_back({times[i], c, i});
    }
  }
  at_ = end;
  std::stable_sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) { return a.t < b.t; });
  const auto same_time = [](const Place& a, const Place& b) { return a.t == b.t; };
  places_.erase(std::unique(places_.begin(), places_.end(), same_time), places_.end());
  return true;
}

// The next run of one sort from the merged group.
bool MergedCursor::State::EmitMerged(SampleBatch& batch) {
  const auto is_histogram = [&](const Place& p) { return !group_[p.chunk].histograms.empty(); };
  const bool histograms = is_histogram(places_[place_]);
  if (histograms && !before_.empty()) SeeSampleBefore();  // Before any is moved away.
  merged_.Clear();
  bool any_start = false;
  for (; place_ < places_.size() && is_histogram(places_[place_]) == histograms; ++place_) {
    const Place& p = places_[place_];
    Columns& from = group_[p.chunk];
    const TimestampMs start = from.start_timestamps.empty() ? TimestampMs() : from.start_timestamps[p.index];
    any_start = any_start || start.ms != 0;
    merged_.timestamps.push_back(p.t);
    merged_.start_timestamps.push_back(start);
    if (histograms) {
      merged_.histograms.push_back(std::move(from.histograms[p.index]));
    } else {
      merged_.values.push_back(from.values[p.index]);
    }
  }
  batch = {merged_.timestamps, merged_.values, {}, {}};
  if (any_start) batch.start_timestamps = merged_.start_timestamps;
  if (histograms) {
    EmitHistograms(merged_.histograms, batch);
  } else {
    EndHistograms();
  }
  return true;
}

bool MergedCursor::State::Next(SampleBatch& batch) {
  hints_.KeepPrevious();
  for (;;) {
    if (place_ < places_.size()) return EmitMerged(batch);
    if (at_ >= chunks_.size()) return false;
    const std::size_t end = GroupEnd();
    if (end == at_ + 1) {
      if (ReadAlone(batch)) return true;
    } else {
      MergeGroup(end);
    }
    if (!status.ok()) return false;
  }
}

MergedCursor::MergedCursor() : state_(std::make_unique<State>()) {}
MergedCursor::~MergedCursor() = default;

void MergedCursor::Reset(std::span<const ChunkView> chunks, base::TimestampMs min, base::TimestampMs max, Hints hints) {
  state_->Begin(chunks, min, max, hints);
}

bool MergedCursor::Next(SampleBatch& batch) { return state_->Next(batch); }

base::Status MergedCursor::status() const { return state_->status; }

}  // namespace bellwether::storage::chunk
