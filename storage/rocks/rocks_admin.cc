#include "storage/rocks/rocks_admin.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "storage/journal/deletion_codec.h"
#include "storage/rocks/analyze.h"
#include "storage/rocks/backup.h"
#include "storage/rocks/verify.h"
#include "storage/rocks/verify_window.h"
#include "storage/rocks/window_cleaner.h"

namespace bellwether::storage {
namespace {

// 20171210T211224Z-2be650b6d019eb54
std::string SnapshotNameAt(base::TimestampMs now, std::random_device&& random) {
  std::string time = base::FormatRfc3339(base::TimestampMs(now.ms / 1000 * 1000));
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  return fmt::format("{}-{:08x}{:08x}", time, random(), random());
}

}  // namespace

base::Status RocksAdmin::DeleteSeries(base::TimestampMs min, base::TimestampMs max, SelectorSpan selectors) {
  if (min > max || selectors.empty()) return base::OkStatus();
  const WorkTime time(core_.metrics, BackgroundWork::kDelete, core_.clock);
  const base::MutexLock lock(maintenance_);
  BW_RETURN_IF_ERROR(DeleteRecent({min, max}, selectors));
  return DeleteSealed({min, max}, selectors);
}

// The record first: if it cannot be written, nothing was deleted.
base::Status RocksAdmin::DeleteRecent(const chunk::TimeRange& range, SelectorSpan selectors) {
  const std::string record = EncodeDeletion(range, selectors);
  {
    const CommitGate::Closed closed(core_.commit_gate);
    auto appended =
        core_.journal->Append(RecordType::kDeletion, record, base::TimestampMs::Min(), core_.FollowJournal().segment);
    while (!appended.ok() && appended.status().code() == base::StatusCode::kConflict) {
      appended =
          core_.journal->Append(RecordType::kDeletion, record, base::TimestampMs::Min(), core_.FollowJournal().segment);
    }
    BW_RETURN_IF_ERROR(appended.status());
    core_.head->Delete(selectors, range);
  }
  return core_.journal->Flush();
}

base::Status RocksAdmin::DeleteSealed(const chunk::TimeRange& range, SelectorSpan selectors) {
  std::vector<std::pair<WindowKey, Tombstones>> deleted;
  const std::shared_ptr<const WindowList> windows = core_.catalogue->windows();
  for (const auto& window : *windows) {
    const WindowEntry& entry = window->entry();
    if (!window->Overlaps(range.min, range.max)) continue;
    SealedWindow::Ordinals all;
    for (const std::vector<metric::Matcher>& matchers : selectors) {
      BW_ASSIGN_OR_RETURN(const SealedWindow::Ordinals found, window->Match(matchers));
      SealedWindow::Ordinals both;
      std::set_union(all.begin(), all.end(), found.begin(), found.end(), std::back_inserter(both));
      all = std::move(both);
    }
    if (all.empty()) continue;
    const chunk::TimeRange within{std::max(range.min, entry.min), std::min(range.max, entry.max)};
    deleted.emplace_back(entry.key, window->deleted().With(within, all));
    BW_RETURN_IF_ERROR(ForgetNewest(*window, all, range));
  }
  return deleted.empty() ? base::OkStatus() : core_.catalogue->SetTombstones(deleted);
}

// The newest sample of a series that left the head is in a sealed window.
base::Status RocksAdmin::ForgetNewest(const SealedWindow& window, const SealedWindow::Ordinals& ordinals,
                                      const chunk::TimeRange& range) {
  constexpr std::size_t kForgottenAtOnce = 4096;
  const std::unique_ptr<SealedWindow::LabelReader> reader = window.NewLabelReader(SealedWindow::Access::kScan);
  std::vector<metric::Labels> series;
  for (const std::uint32_t ordinal : ordinals) {
    BW_ASSIGN_OR_RETURN(series.emplace_back(), reader->Read(ordinal));
    if (series.size() < kForgottenAtOnce && ordinal != ordinals.back()) continue;
    BW_RETURN_IF_ERROR(core_.archive->Forget(series, range));
    series.clear();
  }
  return base::OkStatus();
}

// Window by window, so that maintenance goes on between.
base::Status RocksAdmin::CleanTombstones() {
  const WorkTime time(core_.metrics, BackgroundWork::kClean, core_.clock);
  for (bool more = true; more;) {
    const base::MutexLock lock(maintenance_);
    BW_ASSIGN_OR_RETURN(more, CleanNextWindow(core_));
  }
  return base::OkStatus();
}

base::Result<std::string> RocksAdmin::Snapshot(SnapshotContent content) {
  const WorkTime time(core_.metrics, BackgroundWork::kBackup, core_.clock);
  const std::string name = SnapshotNameAt(core_.clock.Now(), std::random_device());
  const base::MutexLock lock(maintenance_);
  BW_RETURN_IF_ERROR(WriteBackup(core_, name, content));
  return name;
}

// One after another, also those that come meanwhile. The list that names a window is held as long as it is read: its
// files stay. Not longer: the head keeps what was sealed until older lists are gone.
void RocksAdmin::VerifyWindows(VerifyReport& report) {
  std::set<WindowKey> verified;
  for (bool more = true; more;) {
    more = false;
    const std::shared_ptr<const WindowList> windows = core_.catalogue->windows();
    for (const auto& window : *windows) {
      const WindowEntry& entry = window->entry();
      if (!verified.insert(entry.key).second) continue;
      VerifyWindow(*core_.database, entry, core_.internals.window, report);
      more = true;
      break;
    }
  }
}

base::Result<CardinalityReport> RocksAdmin::Analyze(std::size_t limit) { return AnalyzeStore(core_, limit); }

std::vector<SealedWindowInfo> RocksAdmin::SealedWindows() const {
  // Generations of one window are few, and begin anew with it.
  constexpr unsigned kGenerationBits = 16;
  std::vector<SealedWindowInfo> infos;
  const std::shared_ptr<const WindowList> windows = core_.catalogue->windows();
  for (const auto& window : *windows) {
    const WindowEntry& entry = window->entry();
    const auto number = static_cast<std::uint64_t>(entry.key.window.number);
    infos.push_back({.id = number << kGenerationBits | (entry.key.generation & ((1u << kGenerationBits) - 1)),
                     .min = entry.min,
                     .max = entry.max,
                     .series = entry.series,
                     .chunks = entry.chunks,
                     .samples = entry.samples,
                     .bytes = entry.bytes,
                     .merged = static_cast<std::uint64_t>(entry.span),
                     .has_deletions = !window->deleted().empty()});
  }
  std::sort(infos.begin(), infos.end(), [](const auto& a, const auto& b) { return a.min < b.min; });
  return infos;
}

// Maintenance waits for the catalogue alone, and goes on while all else is read.
base::Result<VerifyReport> RocksAdmin::Verify() {
  const WorkTime time(core_.metrics, BackgroundWork::kVerify, core_.clock);
  VerifyReport report;
  JournalRange range;
  {
    const base::MutexLock lock(maintenance_);
    range.from = VerifyCatalogue(*core_.database, report).mark;
    // What is written from now on is in segments that are not looked at.
    BW_ASSIGN_OR_RETURN(range.end, core_.journal->Rotate());
    core_.FollowJournal();
  }
  VerifyTables(*core_.database, report);
  VerifyWindows(report);
  // Snapshots come and go meanwhile, and with them what they define.
  SavedRefs changing;
  BW_RETURN_IF_ERROR(VerifyJournal(core_.options.path + "/journal", core_.Files(), range, nullptr, report));
  BW_RETURN_IF_ERROR(VerifyHeadSnapshots(core_.options.path + "/head", core_.Files(), changing, report));
  return report;
}

}  // namespace bellwether::storage
