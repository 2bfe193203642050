#include "storage/rocks/head_snapshots.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "base/log.h"
#include "storage/journal/record_codec.h"
#include "storage/rocks/snapshot_file.h"

namespace bellwether::storage {
namespace {

constexpr std::uint64_t kJournalledForEachByte = 4;
constexpr base::DurationMs kSnapshotEvery = base::Minutes(10);

// At rest: nothing journalled for so long. Senders pause for less between scrapes. Should one not, what two snapshots
// write stays below what was journalled.
constexpr std::int64_t kRestNanos = 6'000'000'000;
constexpr std::uint64_t kKeptForEachByte = 2;
constexpr std::uint64_t kRestPartOfMin = 32;

constexpr std::size_t kWriteBytes = 1u << 20;
// Synced in pieces: a commit's sync must not wait for a whole snapshot to reach the disk.
constexpr std::uint64_t kSyncBytes = 16u << 20;

// Gathers blocks into large writes.
class SnapshotWriter {
 public:
  SnapshotWriter(WritableFile& file, Database& database, const SnapshotHeader& header)
      : file_(file), database_(database), mark_(header.mark) {
    AppendSnapshotStart(header, buffer_);
  }

  base::Status Add(SnapshotBlock kind, std::string_view payload) {
    AppendSnapshotBlock(kind, payload, mark_, written_ + buffer_.size(), buffer_);
    return buffer_.size() < kWriteBytes ? base::OkStatus() : WriteOut();
  }

  base::Status Finish() {
    BW_RETURN_IF_ERROR(WriteOut());
    return file_.Sync();
  }
  [[nodiscard]] std::uint64_t bytes() const { return written_; }

 private:
  base::Status WriteOut() {
    database_.Pace(buffer_.size());
    BW_RETURN_IF_ERROR(file_.WriteAt(written_, buffer_));
    written_ += buffer_.size();
    buffer_.clear();
    if (written_ - synced_ < kSyncBytes) return base::OkStatus();
    synced_ = written_;
    return file_.Sync();
  }

  WritableFile& file_;
  Database& database_;
  const std::uint64_t mark_;
  std::string buffer_;
  std::uint64_t written_ = 0;
  std::uint64_t synced_ = 0;
};

}  // namespace

HeadSnapshots::HeadSnapshots(RocksCore& core, FileSystem& files)
    : core_(core),
      files_(files),
      path_(core.options.path + "/head"),
      taken_at_(core_.clock.Now()),
      unchanged_since_ns_(core_.clock.MonotonicNanos()) {}

std::string HeadSnapshots::PathOf(std::uint64_t mark) const { return path_ + "/" + SnapshotName(mark); }
std::string HeadSnapshots::TemporaryPath(std::size_t number) const {
  return path_ + (number == 0 ? "/snap.tmp" : "/snap-copy.tmp");
}

// ---- Start

base::Result<HeadSnapshots::Loaded> HeadSnapshots::Load() {
  BW_RETURN_IF_ERROR(files_.MakeDirectories(path_));
  BW_RETURN_IF_ERROR(files_.SyncDirectory(core_.options.path));
  BW_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(path_));
  std::vector<std::uint64_t> marks;
  for (const std::string& name : names) {
    if (const std::uint64_t mark = ParseSnapshotName(name); mark > 0) marks.push_back(mark);
  }
  std::sort(marks.rbegin(), marks.rend());
  double bad = 0;
  Loaded result;
  for (const std::uint64_t mark : marks) {
    const std::int64_t begin = core_.clock.MonotonicNanos();
    base::Result<Loaded> loaded = LoadFrom(mark);
    if (loaded.ok()) {
      newest_ = mark;
      result = *std::move(loaded);
      const double seconds = static_cast<double>(core_.clock.MonotonicNanos() - begin) / 1e9;
      BW_LOG(kInfo, "snapshot read", {"mark", mark}, {"bytes", newest_bytes_}, {"series", core_.head->SeriesCount()},
             {"seconds", seconds});
      break;
    }
    ++bad;
    BW_LOG(kError, "snapshot damaged, the one before is read", {"file", PathOf(mark)}, {"what", loaded.status()});
    core_.ResetHead();
  }
  core_.metrics.snapshot_damage.Set(bad);
  result.read_from = std::max(newest_.value_or(0), core_.catalogue->mark());
  return result;
}

base::Result<HeadSnapshots::Loaded> HeadSnapshots::LoadFrom(std::uint64_t mark) {
  BW_ASSIGN_OR_RETURN(const std::string bytes, files_.Read(PathOf(mark)));
  BW_ASSIGN_OR_RETURN(const SnapshotFile file, ReadSnapshotFile(bytes));
  if (file.header.mark != mark || file.header.window.ms != core_.internals.window.ms) {
    return base::Corruption("it is that of another store");
  }
  DecodedCommit metadata;
  BW_RETURN_IF_ERROR(DecodeCommit(file.metadata, metadata));
  const SealedThrough sealed = core_.catalogue->sealed_through();
  const auto is_sealed = [&](head::WindowId window) {
    const auto found = sealed.find(window);
    return found != sealed.end() && found->second >= mark;
  };
  BW_ASSIGN_OR_RETURN(head::Head::Loaded loaded, core_.head->Load(file.content, is_sealed));
  for (const MetricMetadata& m : metadata.metadata) core_.metadata.Set(m);
  if (loaded.newest > base::TimestampMs::Min()) core_.newest.Show(loaded.newest);
  newest_bytes_ = bytes.size();
  return Loaded{.since = file.header.since, .refs = std::move(loaded.refs)};
}

// ---- Taking

std::uint64_t HeadSnapshots::BytesSince() const {
  return core_.journal->counters().bytes - journalled_then_ + replayed_bytes_;
}

bool HeadSnapshots::IsDue() {
  const bool at_rest = IsAtRest();
  const std::uint64_t bytes = BytesSince();
  // With less than the minimum a start is quick without a new one. In larger stores more, so that a quarter more is
  // written at most.
  if (bytes >= std::max(core_.internals.snapshot_journalled_min, kJournalledForEachByte * newest_bytes_)) return true;
  const base::TimestampMs now = core_.clock.Now();
  return at_rest || (bytes > 0 && (now >= taken_at_ + kSnapshotEvery || now < taken_at_));
}

bool HeadSnapshots::IsAtRest() {
  const std::int64_t now = core_.clock.MonotonicNanos();
  const std::uint64_t journalled = core_.journal->counters().bytes;
  if (journalled != seen_journalled_) {
    seen_journalled_ = journalled;
    unchanged_since_ns_ = now;
  }
  return now - unchanged_since_ns_ >= kRestNanos &&
         KeptBytes() >=
             std::max(core_.internals.snapshot_journalled_min / kRestPartOfMin, kKeptForEachByte * newest_bytes_);
}

std::uint64_t HeadSnapshots::KeptBytes() const {
  std::uint64_t kept = 0;
  for (const SegmentInfo& segment : core_.journal->Segments()) kept += segment.bytes;
  return kept;
}

// A snapshot is good for any mark up to the segment that had begun when it was taken.
base::Result<HeadSnapshots::Marks> HeadSnapshots::ChooseMarks(bool at_rest) {
  Marks marks;
  BW_ASSIGN_OR_RETURN(const std::uint64_t mark, core_.journal->Rotate());
  if (newest_ != mark) marks.segments.push_back(mark);
  if (at_rest) {
    BW_ASSIGN_OR_RETURN(const std::uint64_t above, core_.journal->RotateAndRest());
    marks.segments.push_back(above);
  }
  if (marks.segments.empty()) return marks;
  marks.since = core_.FollowJournal().since;
  if (marks.since > marks.segments.front()) return base::Unavailable("take a snapshot: the journal failed meanwhile");
  core_.head->SetSnapshotMark(static_cast<std::uint32_t>(marks.segments.back()));
  return marks;
}

base::Status HeadSnapshots::Take(std::span<const head::WindowId> handed_over) {
  const WorkTime time(core_.metrics, BackgroundWork::kSnapshot, core_.clock);
  const std::int64_t begin = core_.clock.MonotonicNanos();
  const std::uint64_t journalled = core_.journal->counters().bytes;
  const bool at_rest = IsAtRest();
  taken_at_ = core_.clock.Now();  // A failed one is not at once too old again.
  unchanged_since_ns_ = begin;
  BW_ASSIGN_OR_RETURN(const Marks chosen, ChooseMarks(at_rest));
  const std::vector<std::uint64_t>& marks = chosen.segments;
  if (marks.empty()) return base::OkStatus();
  const base::Result<std::uint64_t> written = Write(chosen, handed_over);
  if (!written.ok()) {
    // On a full disk its room is needed to seal. If it cannot be removed, the next attempt tries again.
    for (std::size_t i = 0; i < marks.size(); ++i) static_cast<void>(files_.Remove(TemporaryPath(i)).ok());
    return written.status();
  }
  const std::optional<std::uint64_t> before = marks.size() > 1 ? marks.front() : newest_;
  newest_ = marks.back();
  newest_bytes_ = *written;
  journalled_then_ = journalled;
  replayed_bytes_ = 0;
  const double seconds = static_cast<double>(core_.clock.MonotonicNanos() - begin) / 1e9;
  core_.metrics.snapshots.Add(marks.size());
  core_.metrics.work_bytes[WorkIndex(BackgroundWork::kSnapshot)]->Add(marks.size() * *written);
  core_.metrics.snapshot_seconds.Set(seconds);
  BW_LOG(kInfo, "snapshot taken", {"mark", *newest_}, {"copies", marks.size()}, {"bytes", *written},
         {"seconds", seconds});
  return LetGo(before.value_or(0));
}

// One walk over the head for a file each. Returns the bytes of one.
base::Result<std::uint64_t> HeadSnapshots::Write(const Marks& chosen, std::span<const head::WindowId> handed_over) {
  const std::vector<std::uint64_t>& marks = chosen.segments;
  std::vector<std::unique_ptr<WritableFile>> files;
  std::vector<SnapshotWriter> writers;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    if (const base::Status removed = files_.Remove(TemporaryPath(i));
        !removed.ok() && removed.code() != base::StatusCode::kNotFound) {
      return removed;
    }
    BW_ASSIGN_OR_RETURN(files.emplace_back(), files_.Create(TemporaryPath(i), 0));
    writers.emplace_back(*files.back(), *core_.database,
                         SnapshotHeader{marks[i], core_.internals.window, core_.clock.Now(), chosen.since});
  }
  const auto add = [&](SnapshotBlock kind, std::string_view payload) {
    for (SnapshotWriter& writer : writers) BW_RETURN_IF_ERROR(writer.Add(kind, payload));
    return base::OkStatus();
  };
  BW_RETURN_IF_ERROR(add(SnapshotBlock::kMetadata, core_.EncodeMetadata()));
  BW_ASSIGN_OR_RETURN(const head::SnapshotTotals totals,
                      core_.head->Save(handed_over, [&](std::string_view labels, std::string_view samples) {
                        base::Status added = add(SnapshotBlock::kLabels, labels);
                        return added.ok() ? add(SnapshotBlock::kSamples, samples) : added;
                      }));
  BW_RETURN_IF_ERROR(add(SnapshotBlock::kEnd, EncodeSnapshotEnd(totals)));
  for (std::size_t i = 0; i < marks.size(); ++i) {
    BW_RETURN_IF_ERROR(writers[i].Finish());
    BW_RETURN_IF_ERROR(files_.Rename(TemporaryPath(i), PathOf(marks[i])));
  }
  BW_RETURN_IF_ERROR(files_.SyncDirectory(path_));
  return writers.front().bytes();
}

// Below the snapshot before the newest nothing is needed any more. 0: there is none before.
base::Status HeadSnapshots::LetGo(std::uint64_t mark) {
  if (mark > core_.catalogue->mark()) {
    BW_RETURN_IF_ERROR(core_.catalogue->SetMark(mark, core_.EncodeMetadata()));
  }
  if (core_.internals.after_seal_step) {
    BW_RETURN_IF_ERROR(core_.internals.after_seal_step(RocksInternals::SealStep::kMarked));
  }
  BW_RETURN_IF_ERROR(core_.journal->DropBelow(mark));
  return RemoveBelow(mark);
}

base::Status HeadSnapshots::RemoveBelow(std::uint64_t mark) {
  BW_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(path_));
  for (const std::string& name : names) {
    const std::uint64_t other = ParseSnapshotName(name);
    const bool is_kept = other == 0 || other >= mark;
    if (!is_kept) BW_RETURN_IF_ERROR(files_.Remove(path_ + "/" + name));
  }
  return files_.SyncDirectory(path_);
}

}  // namespace bellwether::storage
