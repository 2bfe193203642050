#include "storage/head/series.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/check.h"
#include "storage/chunk/chunk.h"
#include "storage/chunk/float_columns.h"
#include "storage/chunk/kind.h"
#include "storage/chunk/merged_cursor.h"

namespace bellwether::storage::head {
namespace {

using base::TimestampMs;
using chunk::ChunkView;

// An open histogram chunk is closed, and compressed, at this size.
constexpr std::size_t kHistogramPayloadMax = 16u << 10;

bool IsWithin(TimestampMs t, TimestampMs min, TimestampMs max) { return min <= t && t <= max; }
bool IsStream(const ChunkView& c) { return c.bytes[0] == static_cast<char>(chunk::Kind::kFloatStream); }
bool TimesOverlap(TimestampMs a_min, TimestampMs a_max, TimestampMs min, TimestampMs max) {
  return a_min <= max && a_max >= min;
}
bool StreamOverlaps(const chunk::FloatStream* stream, TimestampMs min, TimestampMs max) {
  return stream != nullptr && TimesOverlap(stream->min(), stream->max(), min, max);
}
bool AnyOverlap(const std::vector<HeadChunk*>& by_time) {
  for (std::size_t i = 1; i < by_time.size(); ++i) {
    if (by_time[i]->min() <= by_time[i - 1]->max()) return true;
  }
  return false;
}

HeadChunk* CloseColumns(const chunk::Columns& columns) {
  thread_local std::string bytes;
  bytes.clear();
  if (columns.histograms.empty()) {
    chunk::EncodeFloatColumns(columns.timestamps, columns.values, columns.start_timestamps, bytes);
  } else {
    chunk::EncodeHistograms(columns.timestamps, columns.histograms, columns.start_timestamps, bytes);
  }
  return HeadChunk::New({bytes, columns.timestamps.front(), columns.timestamps.back(),
                         static_cast<std::uint32_t>(columns.timestamps.size())});
}

HeadChunk* CloseStream(chunk::FloatStream& open) {
  thread_local std::string stream;
  thread_local chunk::Columns columns;
  stream.clear();
  columns.Clear();
  open.CopyTo(stream);
  BW_CHECK(chunk::DecodeChunk(stream, columns));
  open.Clear();
  return CloseColumns(columns);
}

void AddLateTo(chunk::Columns& columns, const LateSample& sample) {
  columns.timestamps.push_back(sample.t);
  columns.start_timestamps.push_back(sample.start);
  if (sample.histogram != nullptr) {
    columns.histograms.push_back(*sample.histogram);
  } else {
    columns.values.push_back(sample.value);
  }
}

// Splits what a cursor reads into closed chunks of one sort, at most `samples_max` each.
std::vector<HeadChunk*> CloseAll(chunk::MergedCursor& cursor, std::size_t samples_max) {
  std::vector<HeadChunk*> closed;
  SampleBatch batch;
  while (cursor.Next(batch)) {
    for (std::size_t begin = 0; begin < batch.timestamps.size(); begin += samples_max) {
      const std::size_t n = std::min(samples_max, batch.timestamps.size() - begin);
      chunk::Columns part;
      for (std::size_t i = begin; i < begin + n; ++i) {
        part.timestamps.push_back(batch.timestamps[i]);
        if (!batch.values.empty()) part.values.push_back(batch.values[i]);
        if (!batch.histograms.empty()) part.histograms.push_back(*batch.histograms[i]);
        if (!batch.start_timestamps.empty()) part.start_timestamps.push_back(batch.start_timestamps[i]);
      }
      closed.push_back(CloseColumns(part));
    }
  }
  BW_CHECK(cursor.status().ok());  // These chunks were written by this process.
  return closed;
}

// Late samples as late chunks, one for each window and sort.
std::vector<HeadChunk*> LateChunks(const std::vector<LateSample>& late, const WindowCounts& windows) {
  std::vector<HeadChunk*> chunks;
  for (std::size_t i = 0; i < late.size();) {
    const TimestampMs end = windows.EndAt(late[i].t);
    chunk::Columns floats;
    chunk::Columns histograms;
    for (; i < late.size() && late[i].t < end; ++i) {
      AddLateTo(late[i].histogram == nullptr ? floats : histograms, late[i]);
    }
    for (const chunk::Columns* columns : {&floats, &histograms}) {
      if (columns->timestamps.empty()) continue;
      chunks.push_back(CloseColumns(*columns));
      chunks.back()->late = true;
    }
  }
  return chunks;
}

}  // namespace

HeadChunk* HeadChunk::New(const ChunkView& content) {
  void* memory = std::malloc(sizeof(HeadChunk) + content.bytes.size());
  BW_CHECK(memory != nullptr);
  auto* chunk = new (memory) HeadChunk();
  chunk->size_ = static_cast<std::uint32_t>(content.bytes.size());
  chunk->count_ = content.count;
  chunk->min_ = content.min;
  chunk->max_ = content.max;
  std::memcpy(static_cast<void*>(chunk + 1), content.bytes.data(), content.bytes.size());
  return chunk;
}

void HeadChunk::Unref() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  this->~HeadChunk();
  std::free(this);
}

void WindowCounts::Add(TimestampMs t, std::int64_t n) {
  if (n == 0) return;
  const WindowId window = WindowAt(t);
  auto place = std::lower_bound(counts_.begin(), counts_.end(), window,
                                [](const auto& entry, WindowId w) { return entry.first < w; });
  if (place == counts_.end() || place->first != window) place = counts_.insert(place, {window, 0});
  place->second += n;
  BW_DCHECK(place->second >= 0);
  if (place->second == 0) counts_.erase(place);
}

void SeriesSnapshot::Clear() {
  pieces_.clear();
  copies_.clear();
}

void SeriesSnapshot::AddClosed(HeadChunk* chunk) { pieces_.push_back({ChunkRef(chunk), 0, chunk->view()}); }

std::string& SeriesSnapshot::BeginCopy() {
  copy_begin_ = copies_.size();
  return copies_;
}

void SeriesSnapshot::EndCopy(TimestampMs min, TimestampMs max, std::size_t count) {
  const std::string_view bytes(copies_.data(), copies_.size() - copy_begin_);  // Placed by Views.
  pieces_.push_back({std::nullopt, copy_begin_, {bytes, min, max, static_cast<std::uint32_t>(count)}});
}

std::span<const ChunkView> SeriesSnapshot::Views() {
  views_.clear();
  for (const Piece& piece : pieces_) {
    views_.push_back(piece.view);
    if (!piece.closed) views_.back().bytes = std::string_view(copies_).substr(piece.begin, piece.view.bytes.size());
  }
  return views_;
}

Series::~Series() {
  if (open_ != nullptr) chunk::FloatStream::Delete(open_);
  while (closed_ != nullptr) std::exchange(closed_, closed_->next)->Unref();
}

void Series::Begin(std::uint16_t new_generation) {
  BW_DCHECK(!HasSamples());
  generation = new_generation;
  defined_in = 0;
  detached = false;
  newest_ = kNoSample;
  newest_bits_ = 0;
  newest_is_histogram_ = false;
  extras_.reset();
}

// As a snapshot and a start would leave it.
void Series::Rest() {
  if (open_ == nullptr) return;
  if (open_->count() > 0) {
    std::string bytes;
    open_->CopyTo(bytes);
    PushClosed(HeadChunk::New({bytes, open_->min(), open_->max(), open_->count()}));
  }
  chunk::FloatStream::Delete(std::exchange(open_, nullptr));
}

void Series::FreeMemory() {
  BW_DCHECK(!HasSamples());
  if (open_ != nullptr) chunk::FloatStream::Delete(std::exchange(open_, nullptr));
  newest_is_histogram_ = false;
  extras_.reset();
}

SeriesExtras& Series::Extras() {
  if (extras_ == nullptr) extras_ = std::make_unique<SeriesExtras>();
  return *extras_;
}

void Series::PushClosed(HeadChunk* chunk) {
  chunk->next = closed_;
  closed_ = chunk;
}

void Series::CloseFloats() {
  if (open_ == nullptr || open_->count() == 0) return;
  PushClosed(CloseStream(*open_));
}

void Series::CloseHistograms() {
  if (extras_ == nullptr || extras_->histograms.count() == 0) return;
  chunk::HistogramStream& open = extras_->histograms;
  std::string bytes;
  open.CloseTo(bytes);
  PushClosed(HeadChunk::New({bytes, open.min(), open.max(), open.count()}));
  open.Clear();
}

// The link to the newest closed chunk that is not a late one; null if there is none.
HeadChunk** Series::NewestInOrder() {
  for (HeadChunk** link = &closed_; *link != nullptr; link = &(*link)->next) {
    if (!(*link)->late) return link;
  }
  return nullptr;
}

// A chunk that was open when a snapshot was taken stands among the closed ones after a restart, and is opened again
// when the first sample for it comes: a start costs idle series nothing, and chunks do not become smaller by it.
bool Series::ReopenChunk(TimestampMs t, const SeriesLimits& limits, WindowCounts& windows) {
  HeadChunk** const link = NewestInOrder();
  if (link == nullptr) return false;
  HeadChunk* const c = *link;
  const bool fits = c->count() < limits.chunk_samples_max && !c->taken && t < windows.EndAt(c->min());
  if (!fits || !IsStream(c->view())) return false;
  chunk::FloatStream* reopened = chunk::FloatStream::Reopen(c->view().bytes);
  if (reopened == nullptr || reopened->max() >= t) {  // Not what Save wrote: left alone.
    if (reopened != nullptr) chunk::FloatStream::Delete(reopened);
    return false;
  }
  *link = c->next;
  c->Unref();
  if (open_ != nullptr) chunk::FloatStream::Delete(open_);
  open_ = reopened;
  open_end_ = windows.EndAt(open_->min());
  return true;
}

void Series::BeginChunk(TimestampMs t, double value, TimestampMs start, const SeriesLimits& limits,
                        WindowCounts& windows) {
  CloseFloats();
  CloseHistograms();
  if (ReopenChunk(t, limits, windows)) {
    open_ = chunk::FloatStream::Append(open_, t, value, start);
    return;
  }
  if (open_ == nullptr) open_ = chunk::FloatStream::New();
  open_->Begin(t, value, start);
  open_end_ = windows.EndAt(t);
  windows.Add(t, 1);
}

void Series::AppendInOrder(TimestampMs t, const metric::NativeHistogram& h, TimestampMs start,
                           const SeriesLimits& limits, WindowCounts& windows) {
  SeriesExtras& extras = Extras();
  chunk::HistogramStream& open = extras.histograms;
  const bool full = open.count() >= limits.chunk_samples_max || open.payload_bytes() >= kHistogramPayloadMax;
  if (open.count() == 0 || t >= open_end_ || full) {
    CloseFloats();
    CloseHistograms();
    open_end_ = windows.EndAt(t);
    windows.Add(t, 1);
  }
  open.Append(t, h, start);
  newest_ = t;
  newest_bits_ = 0;
  newest_is_histogram_ = true;
  extras.newest_histogram = h;
}

// The late run, if it has samples.
chunk::FloatStream* Series::LateRun() const {
  if (extras_ == nullptr || extras_->late_run == nullptr || extras_->late_run->count() == 0) return nullptr;
  return extras_->late_run.get();
}

void Series::CloseLateRun() {
  chunk::FloatStream* run = LateRun();
  if (run == nullptr) return;
  HeadChunk* chunk = CloseStream(*run);
  chunk->late = true;
  PushClosed(chunk);
}

// One that is newer than the late run goes on with it or begins the next; any other stands beside it, and where both
// have the same time it came second.
void Series::AppendLate(TimestampMs t, double value, TimestampMs start, const SeriesLimits& limits,
                        WindowCounts& windows) {
  chunk::FloatStream* run = LateRun();
  if (run != nullptr && t <= run->max()) return AppendLate({t, value, start, nullptr}, limits, windows);
  SeriesExtras& extras = Extras();
  const auto earlier = [](const LateSample& a, TimestampMs time) { return a.t < time; };
  const auto place = std::lower_bound(extras.late.begin(), extras.late.end(), t, earlier);
  if (place != extras.late.end() && place->t == t) return;
  if (run != nullptr && t < windows.EndAt(run->min()) && run->count() < limits.chunk_samples_max) {
    extras.late_run.reset(chunk::FloatStream::Append(extras.late_run.release(), t, value, start));
    return;
  }
  CloseLateRun();
  if (extras.late_run == nullptr) extras.late_run.reset(chunk::FloatStream::New());
  extras.late_run->Begin(t, value, start);
  windows.Add(t, 1);
}

void Series::AppendLate(LateSample sample, const SeriesLimits& limits, WindowCounts& windows) {
  std::vector<LateSample>& late = Extras().late;
  const auto place =
      std::lower_bound(late.begin(), late.end(), sample.t, [](const LateSample& a, TimestampMs t) { return a.t < t; });
  if (place != late.end() && place->t == sample.t) return;
  windows.Add(sample.t, 1);
  late.insert(place, std::move(sample));
  if (late.size() >= limits.chunk_samples_max) CloseLate(windows);
}

void Series::RestoreNewest(TimestampMs t, double value) {
  if (t <= newest_) return;
  newest_ = t;
  newest_bits_ = std::bit_cast<std::uint64_t>(value);
  newest_is_histogram_ = false;
}

void Series::RestoreNewest(TimestampMs t, const metric::NativeHistogram& h) {
  if (t <= newest_) return;
  newest_ = t;
  newest_bits_ = 0;
  newest_is_histogram_ = true;
  Extras().newest_histogram = h;
}

// The run before them, see AppendLate.
void Series::CloseLate(WindowCounts& windows) {
  CloseLateRun();
  const std::vector<LateSample> late = std::move(extras_->late);
  extras_->late.clear();
  for (const LateSample& sample : late) windows.Add(sample.t, -1);
  for (HeadChunk* chunk : LateChunks(late, windows)) {
    PushClosed(chunk);
    windows.Add(chunk->min(), 1);
  }
}

bool Series::HasSamples() const {
  return closed_ != nullptr || (open_ != nullptr && open_->count() > 0) ||
         (extras_ != nullptr && (extras_->histograms.count() > 0 || LateRun() != nullptr || !extras_->late.empty()));
}

bool Series::Overlaps(TimestampMs min, TimestampMs max) const {
  if (newest_ < min) return false;
  if (open_ != nullptr && open_->count() > 0 && TimesOverlap(open_->min(), open_->max(), min, max)) return true;
  for (const HeadChunk* c = closed_; c != nullptr; c = c->next) {
    if (TimesOverlap(c->min(), c->max(), min, max)) return true;
  }
  if (extras_ == nullptr) return false;
  const chunk::HistogramStream& open = extras_->histograms;
  if (open.count() > 0 && TimesOverlap(open.min(), open.max(), min, max)) return true;
  return StreamOverlaps(LateRun(), min, max) || HasLateSamples(min, max);
}

Series::Newest Series::NewestAtHand() const {
  Newest found;
  found.t = newest_;
  found.in_order = !MayHaveHistograms();
  found.at_hand = NewestIsAtHand();
  if (!found.at_hand) return found;
  found.value = newest_value();
  found.start = open_->last_start();
  found.before = open_->count() > 1 ? open_->before_last() : newest_;
  return found;
}

void Series::Read(TimestampMs min, TimestampMs max, SeriesSnapshot& snapshot) const {
  std::vector<HeadChunk*> in_order;
  std::vector<HeadChunk*> late;
  for (HeadChunk* c = closed_; c != nullptr; c = c->next) {
    if (TimesOverlap(c->min(), c->max(), min, max)) (c->late ? late : in_order).push_back(c);
  }
  for (auto c = in_order.rbegin(); c != in_order.rend(); ++c) snapshot.AddClosed(*c);
  if (open_ != nullptr && open_->count() > 0 && TimesOverlap(open_->min(), open_->max(), min, max)) {
    open_->CopyTo(snapshot.BeginCopy());
    snapshot.EndCopy(open_->min(), open_->max(), open_->count());
  }
  if (extras_ != nullptr) {
    const chunk::HistogramStream& open = extras_->histograms;
    if (open.count() > 0 && TimesOverlap(open.min(), open.max(), min, max)) {
      open.CopyTo(snapshot.BeginCopy());
      snapshot.EndCopy(open.min(), open.max(), open.count());
    }
  }
  for (auto c = late.rbegin(); c != late.rend(); ++c) snapshot.AddClosed(*c);
  if (const chunk::FloatStream* run = LateRun(); StreamOverlaps(run, min, max)) {
    run->CopyTo(snapshot.BeginCopy());
    snapshot.EndCopy(run->min(), run->max(), run->count());
  }
  if (extras_ != nullptr) CopyLate(min, max, snapshot);
}

void Series::CopyLate(TimestampMs min, TimestampMs max, SeriesSnapshot& snapshot) const {
  chunk::Columns floats;
  chunk::HistogramStream histograms;
  for (const LateSample& sample : extras_->late) {
    if (!IsWithin(sample.t, min, max)) continue;
    if (sample.histogram == nullptr) {
      AddLateTo(floats, sample);
    } else {
      histograms.Append(sample.t, *sample.histogram, sample.start);
    }
  }
  if (!floats.timestamps.empty()) {
    chunk::EncodeFloatColumns(floats.timestamps, floats.values, floats.start_timestamps, snapshot.BeginCopy());
    snapshot.EndCopy(floats.timestamps.front(), floats.timestamps.back(), floats.timestamps.size());
  }
  if (histograms.count() > 0) {
    histograms.CopyTo(snapshot.BeginCopy());
    snapshot.EndCopy(histograms.min(), histograms.max(), histograms.count());
  }
}

bool Series::HasLateSamples(TimestampMs min, TimestampMs max) const {
  return extras_ != nullptr && std::any_of(extras_->late.begin(), extras_->late.end(),
                                           [&](const LateSample& s) { return IsWithin(s.t, min, max); });
}

// Takes closed chunks of a window out of the list; returns how many.
std::size_t Series::RemoveClosed(TimestampMs min, TimestampMs max, bool only_taken) {
  std::size_t removed = 0;
  for (HeadChunk** link = &closed_; *link != nullptr;) {
    HeadChunk* c = *link;
    if (!IsWithin(c->min(), min, max) || (only_taken && !c->taken)) {
      link = &c->next;
      continue;
    }
    *link = c->next;
    c->Unref();
    ++removed;
  }
  return removed;
}

// All closed chunks and late samples of a window become chunks in order.
void Series::MergeLate(TimestampMs min, TimestampMs max, const SeriesLimits& limits, WindowCounts& windows) {
  SeriesSnapshot all;
  Read(min, max, all);
  chunk::MergedCursor cursor;
  cursor.Reset(all.Views(), min, max, chunk::MergedCursor::Hints::kAsStored);
  const std::vector<HeadChunk*> merged = CloseAll(cursor, limits.chunk_samples_max);
  std::int64_t change = static_cast<std::int64_t>(merged.size());
  change -= static_cast<std::int64_t>(RemoveClosed(min, max, false));
  if (extras_ != nullptr) {
    change -= static_cast<std::int64_t>(
        std::erase_if(extras_->late, [&](const LateSample& s) { return IsWithin(s.t, min, max); }));
  }
  for (HeadChunk* c : merged) PushClosed(c);
  windows.Add(min, change);
}

// By time.
std::vector<HeadChunk*> Series::ClosedWithin(TimestampMs min, TimestampMs max) const {
  std::vector<HeadChunk*> chunks;
  for (HeadChunk* c = closed_; c != nullptr; c = c->next) {
    if (IsWithin(c->min(), min, max)) chunks.push_back(c);
  }
  std::sort(chunks.begin(), chunks.end(), [](const HeadChunk* a, const HeadChunk* b) { return a->min() < b->min(); });
  return chunks;
}

void Series::TakeWindow(TimestampMs min, TimestampMs max, const SeriesLimits& limits, WindowCounts& windows,
                        SeriesSnapshot& snapshot) {
  if (open_ != nullptr && open_->count() > 0 && IsWithin(open_->min(), min, max)) CloseFloats();
  if (extras_ != nullptr && extras_->histograms.count() > 0 && IsWithin(extras_->histograms.min(), min, max)) {
    CloseHistograms();
  }
  if (const chunk::FloatStream* run = LateRun(); run != nullptr && IsWithin(run->min(), min, max)) CloseLateRun();
  CloseStreams(min, max);
  std::vector<HeadChunk*> taken = ClosedWithin(min, max);
  if (HasLateSamples(min, max) || AnyOverlap(taken)) {
    MergeLate(min, max, limits, windows);
    taken = ClosedWithin(min, max);
  }
  for (HeadChunk* c : taken) {
    c->taken = true;
    snapshot.AddClosed(c);
  }
}

// What a snapshot left open and nothing was appended to since is closed now.
void Series::CloseStreams(TimestampMs min, TimestampMs max) {
  for (HeadChunk** link = &closed_; *link != nullptr; link = &(*link)->next) {
    HeadChunk* const c = *link;
    if (!IsWithin(c->min(), min, max) || !IsStream(c->view())) continue;
    chunk::Columns columns;
    if (!chunk::DecodeChunk(c->view().bytes, columns) || columns.timestamps.empty()) continue;
    HeadChunk* const closed = CloseColumns(columns);
    closed->late = c->late;
    closed->next = c->next;
    *link = closed;
    c->Unref();
  }
}

void Series::Untake(TimestampMs min, TimestampMs max) {
  for (HeadChunk* c = closed_; c != nullptr; c = c->next) c->taken = c->taken && !IsWithin(c->min(), min, max);
}

void Series::DropTaken(TimestampMs min, TimestampMs max, WindowCounts& windows) {
  windows.Add(min, -static_cast<std::int64_t>(RemoveClosed(min, max, true)));
}

void Series::Save(const WindowCounts& windows, std::span<const WindowId> handed_over, std::string& out) const {
  if (newest_ == kNoSample) return;
  std::vector<HeadChunk*> closed;
  for (HeadChunk* c = closed_; c != nullptr; c = c->next) {
    const bool is_on_disk =
        c->taken && std::find(handed_over.begin(), handed_over.end(), windows.WindowAt(c->min())) != handed_over.end();
    if (!is_on_disk) closed.push_back(c);
  }
  const bool has_open = open_ != nullptr && open_->count() > 0;
  const bool has_histograms = extras_ != nullptr && extras_->histograms.count() > 0;
  std::vector<HeadChunk*> late;
  if (extras_ != nullptr) late = LateChunks(extras_->late, windows);
  const chunk::FloatStream* const run = LateRun();
  AppendSavedNewest(
      newest_, newest_bits_, newest_is_histogram_ ? &extras_->newest_histogram : nullptr,
      closed.size() + late.size() + (has_open ? 1 : 0) + (has_histograms ? 1 : 0) + (run != nullptr ? 1 : 0), out);
  for (auto c = closed.rbegin(); c != closed.rend(); ++c) AppendSavedChunk(newest_, (*c)->view(), (*c)->late, out);
  thread_local std::string copy;
  if (has_open) {
    copy.clear();
    open_->CopyTo(copy);
    AppendSavedChunk(newest_, {copy, open_->min(), open_->max(), open_->count()}, false, out);
  }
  if (has_histograms) {
    const chunk::HistogramStream& open = extras_->histograms;
    copy.clear();
    open.CopyTo(copy);
    AppendSavedChunk(newest_, {copy, open.min(), open.max(), open.count()}, false, out);
  }
  if (run != nullptr) {
    copy.clear();
    run->CopyTo(copy);
    AppendSavedChunk(newest_, {copy, run->min(), run->max(), run->count()}, true, out);
  }
  for (HeadChunk* c : late) {
    AppendSavedChunk(newest_, c->view(), true, out);
    c->Unref();
  }
}

void Series::SaveNewest(std::string& out) const {
  if (newest_ == kNoSample) return;
  AppendSavedNewest(newest_, newest_bits_, newest_is_histogram_ ? &extras_->newest_histogram : nullptr, 0, out);
}

std::uint64_t Series::Restore(SavedSeries& saved, const std::function<bool(WindowId)>& is_sealed,
                              WindowCounts& windows) {
  newest_ = saved.newest;
  newest_bits_ = saved.newest_bits;
  newest_is_histogram_ = saved.newest_is_histogram;
  if (newest_is_histogram_) Extras().newest_histogram = std::move(saved.newest_histogram);
  std::uint64_t chunks = 0;
  for (const SavedChunk& c : saved.chunks) {
    if (is_sealed(windows.WindowAt(c.view.min))) continue;
    HeadChunk* const chunk = HeadChunk::New(c.view);
    chunk->late = c.late;
    PushClosed(chunk);
    windows.Add(c.view.min, 1);
    ++chunks;
  }
  return chunks;
}

void Series::AddStats(std::uint64_t& chunks, std::optional<TimestampMs>& min, std::optional<TimestampMs>& max) const {
  const auto add = [&](TimestampMs first, TimestampMs last) {
    ++chunks;
    min = min ? std::min(*min, first) : first;
    max = max ? std::max(*max, last) : last;
  };
  for (const HeadChunk* c = closed_; c != nullptr; c = c->next) add(c->min(), c->max());
  if (open_ != nullptr && open_->count() > 0) add(open_->min(), open_->max());
  if (extras_ == nullptr) return;
  if (extras_->histograms.count() > 0) add(extras_->histograms.min(), extras_->histograms.max());
  if (const chunk::FloatStream* run = LateRun(); run != nullptr) add(run->min(), run->max());
  if (!extras_->late.empty()) add(extras_->late.front().t, extras_->late.back().t);
}

std::size_t Series::heap_bytes() const {
  std::size_t bytes = open_ == nullptr ? 0 : open_->memory_bytes();
  for (const HeadChunk* c = closed_; c != nullptr; c = c->next) bytes += c->memory_bytes();
  if (extras_ == nullptr) return bytes;
  if (extras_->late_run != nullptr) bytes += extras_->late_run->memory_bytes();
  return bytes + sizeof(SeriesExtras) + extras_->histograms.payload_bytes() +
         extras_->late.capacity() * sizeof(LateSample);
}

}  // namespace bellwether::storage::head
