#include "storage/rocks/sealer.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "storage/rocks/disk_usage.h"
#include "storage/rocks/window_writer.h"

namespace bellwether::storage {
namespace {

constexpr base::DurationMs kSealGrace = base::Minutes(15);
constexpr base::DurationMs kLatePause = base::Minutes(10);
constexpr base::DurationMs kRestAfter = base::Minutes(20);  // Longer than most pauses between two samples.
constexpr base::DurationMs kAheadPause = base::Minutes(10);
constexpr std::size_t kAheadPart = 4;  // Of the series: fewer that are gone are not worth files of their own.

}  // namespace

base::Status Sealer::Run() {
  FinishHandovers();
  BW_RETURN_IF_ERROR(SealDue());
  BW_RETURN_IF_ERROR(SealAhead());
  BW_RETURN_IF_ERROR(ApplyRetention());
  BW_RETURN_IF_ERROR(ApplySizeRetention());
  BW_RETURN_IF_ERROR(core_.catalogue->DropRemoved());
  return CollectGarbage();
}

bool Sealer::IsDue(head::WindowId window) const {
  const std::optional<base::TimestampMs> newest = core_.newest.Get();
  const base::TimestampMs end = head::WindowEnd(window, core_.internals.window);
  return newest && *newest >= end + core_.options.out_of_order_window + kSealGrace;
}

// Late data alone wait until there is more of them.
bool Sealer::IsPressing() {
  const auto windows = core_.head->Windows();
  return IsAheadDue() || std::any_of(windows.begin(), windows.end(),
                                     [&](head::WindowId w) { return IsDue(w) && !IsHandedOver(w) && IsFirst(w); });
}

bool Sealer::IsFirst(head::WindowId window) const {
  return sealed_ahead_.contains(window) || !core_.catalogue->Contains(window);
}

bool Sealer::IsBehind() const {
  std::int64_t waiting = 0;
  std::int64_t recent = 0;
  for (const auto& [window, chunks] : core_.head->ChunksByWindow()) (IsDue(window) ? waiting : recent) += chunks;
  return waiting > core_.internals.waiting_chunks_min + 2 * recent;
}

bool Sealer::ShouldPass(const std::vector<head::WindowId>& due) const {
  if (due.empty()) return false;
  if (IsBehind()) return true;
  const bool any_first = std::any_of(due.begin(), due.end(), [&](head::WindowId w) { return IsFirst(w); });
  const base::TimestampMs now = core_.clock.Now();
  return any_first || !last_pass_ || now < *last_pass_ || now >= *last_pass_ + kLatePause;
}

base::Status Sealer::SealDue() {
  std::vector<head::WindowId> due;
  for (const head::WindowId w : core_.head->Windows()) {
    if (IsDue(w) && !IsHandedOver(w)) due.push_back(w);
  }
  core_.metrics.windows_to_seal.Set(static_cast<double>(due.size()));
  if (!ShouldPass(due)) return base::OkStatus();
  last_pass_ = core_.clock.Now();

  BW_ASSIGN_OR_RETURN(const std::uint64_t journal_end, core_.journal->Rotate());
  core_.FollowJournal();
  for (const head::WindowId w : core_.head->Windows()) {
    if (IsDue(w) && !IsHandedOver(w)) BW_RETURN_IF_ERROR(SealWindow(w, journal_end));
  }
  core_.metrics.windows_to_seal.Set(0);
  const std::vector<head::WindowId> left = core_.head->Windows();
  std::erase_if(sealed_ahead_, [&](head::WindowId w) { return IsDue(w) && !std::ranges::binary_search(left, w); });
  FinishHandovers();
  return base::OkStatus();
}

base::Status Sealer::SealWindow(head::WindowId window, std::uint64_t journal_end) {
  BW_RETURN_IF_ERROR(WriteWindow(window, journal_end, base::TimestampMs::Max()));
  sealed_ahead_.erase(window);
  return base::OkStatus();
}

// By the time of the data, so that back-fill into one window, which is all of it old, is not sealed again and again.
bool Sealer::IsAheadDue() {
  const std::optional<base::TimestampMs> newest = core_.newest.Get();
  const bool is_over = newest && (!looked_ahead_ || *newest >= *looked_ahead_ + kAheadPause);
  if (ahead_due_ || !is_over || !handovers_.empty()) return ahead_due_;
  looked_ahead_ = newest;
  const std::size_t idle = core_.head->CountIdle(IdleBefore(*newest));
  ahead_due_ = idle >= core_.internals.idle_series_min && idle * kAheadPart >= core_.head->SeriesCount();
  return ahead_due_;
}

base::Status Sealer::SealAhead() {
  if (!IsAheadDue()) return base::OkStatus();
  ahead_due_ = false;  // If it fails, what is idle then is looked for.
  const base::TimestampMs idle_before = IdleBefore(core_.newest.Get().value());
  for (const head::WindowId w : core_.head->Windows()) {
    if (IsHandedOver(w)) continue;
    const bool is_first = IsFirst(w);
    BW_RETURN_IF_ERROR(WriteWindow(w, 0, idle_before));
    if (is_first && core_.catalogue->Contains(w)) sealed_ahead_.insert(w);
  }
  FinishHandovers();
  return base::OkStatus();
}

base::Status Sealer::WriteWindow(head::WindowId window, std::uint64_t journal_end, base::TimestampMs idle_before) {
  const WorkTime time(core_.metrics, BackgroundWork::kSeal, core_.clock);
  const WindowKey key{window, core_.catalogue->NextGeneration(window)};
  BW_ASSIGN_OR_RETURN(const std::unique_ptr<WindowWriter> writer,
                      WindowWriter::Begin(*core_.database, core_.options.path + "/seal", {.key = key}));
  const auto taken = core_.head->TakeWindow(window, idle_before);
  bool any = false;
  while (taken->Next()) {
    any = true;
    BW_RETURN_IF_ERROR(writer->Add(taken->labels(), taken->chunks()));
  }
  if (any) {
    BW_RETURN_IF_ERROR(writer->Finish());
    BW_RETURN_IF_ERROR(core_.AfterStep(RocksInternals::SealStep::kWritten));
    BW_ASSIGN_OR_RETURN(const WindowEntry entry, writer->Ingest());
    BW_RETURN_IF_ERROR(core_.AfterStep(RocksInternals::SealStep::kIngested));
    BW_ASSIGN_OR_RETURN(const std::uint64_t version, core_.catalogue->Add(entry, journal_end));
    BW_RETURN_IF_ERROR(core_.AfterStep(RocksInternals::SealStep::kNamed));
    handovers_.push_back({window, version});
    core_.metrics.sealed_windows.Add();
    core_.metrics.sealed_samples.Add(entry.samples);
    core_.metrics.work_bytes[WorkIndex(BackgroundWork::kSeal)]->Add(entry.bytes);
    BW_LOG(kInfo, "window sealed", {"window", head::WindowStart(window, core_.internals.window)},
           {"generation", key.generation}, {"series", entry.series}, {"samples", entry.samples},
           {"bytes", entry.bytes});
  }
  return base::OkStatus();
}

std::vector<head::WindowId> Sealer::HandedOver() const {
  std::vector<head::WindowId> windows;
  for (const Handover& h : handovers_) windows.push_back(h.window);
  return windows;
}

bool Sealer::IsHandedOver(head::WindowId window) const {
  return std::any_of(handovers_.begin(), handovers_.end(), [&](const Handover& h) { return h.window == window; });
}

void Sealer::FinishHandovers() {
  std::erase_if(handovers_, [&](const Handover& h) {
    if (!core_.catalogue->OlderReadersGone(h.version)) return false;
    core_.head->DropWindow(h.window);
    freed_ = true;
    return true;
  });
}

bool Sealer::TakeFreed() { return std::exchange(freed_, false); }

// By the clock, but never past the data: a store that gets no samples, or a clock that runs ahead, loses nothing.
base::Status Sealer::ApplyRetention() {
  const std::optional<base::TimestampMs> newest = core_.newest.Get();
  if (core_.options.retention.ms == 0 || !newest) return base::OkStatus();
  const base::TimestampMs oldest = std::min(core_.clock.Now(), *newest) - core_.options.retention;
  std::vector<WindowKey> expired;
  for (const auto& window : *core_.catalogue->windows()) {
    const WindowEntry& entry = window->entry();
    if (head::WindowEnd(entry.last(), core_.internals.window) <= oldest) expired.push_back(entry.key);
  }
  if (expired.empty()) return base::OkStatus();
  BW_LOG(kInfo, "windows past the retention forgotten", {"windows", expired.size()}, {"older_than", oldest});
  return core_.catalogue->Remove(expired);
}

// The whole folder is counted, whole windows go, those that end first go first. What is being dropped already is waited
// for: it would be counted still.
base::Status Sealer::ApplySizeRetention() {
  const std::uint64_t limit = core_.options.retention_bytes;
  if (limit == 0 || core_.catalogue->HasRemoved()) return base::OkStatus();
  std::uint64_t used = MeasureDisk(core_.options.path, {}).Total();
  if (used <= limit) return base::OkStatus();
  WindowList oldest = *core_.catalogue->windows();
  std::stable_sort(oldest.begin(), oldest.end(),
                   [](const auto& a, const auto& b) { return a->entry().last() < b->entry().last(); });
  std::vector<WindowKey> excess;
  for (const auto& window : oldest) {
    if (used <= limit) break;
    excess.push_back(window->entry().key);
    used -= std::min(used, window->entry().bytes);
  }
  if (excess.empty()) return base::OkStatus();
  BW_LOG(kInfo, "windows over the size of the retention forgotten", {"windows", excess.size()}, {"limit", limit});
  return core_.catalogue->Remove(excess);
}

base::TimestampMs Sealer::IdleBefore(base::TimestampMs newest) const {
  return newest - core_.options.out_of_order_window - kSealGrace;
}

// A series without samples in memory goes when nothing came for it since the last window that could be sealed ended:
// what was newest of it is kept, so that nothing but a look-up is lost if it comes back.
base::Status Sealer::CollectGarbage() {
  const std::optional<base::TimestampMs> newest = core_.newest.Get();
  if (!newest) return base::OkStatus();
  core_.head->RestIdle(*newest - kRestAfter);
  return core_.head->CollectGarbage(IdleBefore(*newest)).status();
}

}  // namespace bellwether::storage
