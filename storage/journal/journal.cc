#include "storage/journal/journal.h"

#include <algorithm>
#include <utility>

#include "storage/journal/segment_name.h"

namespace bellwether::storage {

void Journal::Queue::Clear() {
  bytes.clear();
  records = 0;
  newest = base::TimestampMs::Min();
}

base::Result<std::unique_ptr<Journal>> Journal::Open(const JournalOptions& options, FileSystem& files,
                                                     std::vector<SegmentInfo> replayed) {
  BW_RETURN_IF_ERROR(files.MakeDirectories(options.path));
  BW_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(options.path));
  std::uint64_t number = options.first_segment;
  for (const std::string& name : names) {
    if (const auto taken = ParseSegmentName(name)) number = std::max(number, *taken + 1);
  }
  std::unique_ptr<Journal> journal(new Journal(options, files));
  if (!replayed.empty()) journal->file_number_ = replayed.back().number;
  {
    const base::MutexLock lock(journal->mu_);
    journal->segments_ = std::move(replayed);
    journal->segment_ = number;
    journal->since_ = number;
  }
  const base::Status begun = journal->BeginSegment(number, 0);
  if (begun.ok()) return journal;
  if (begun.code() != base::StatusCode::kUnavailable) return begun;
  // What is there can be read all the same; the first record tries again.
  const base::MutexLock lock(journal->mu_);
  journal->health_ = begun;
  return journal;
}

Journal::~Journal() {
  const base::Status synced = Sync();
  if (!synced.ok() || file_ == nullptr) return;
  const base::Status cut = FinishSegment();  // Only saves space; a segment with zeros at its end is as good.
  static_cast<void>(cut);
}

std::string Journal::SegmentPath(std::uint64_t number) const { return options_.path + "/" + SegmentName(number); }

Journal::Place Journal::place() const {
  const base::MutexLock lock(mu_);
  return {segment_, since_};
}

std::vector<SegmentInfo> Journal::Segments() const {
  const base::MutexLock lock(mu_);
  return segments_;
}

base::Status Journal::Health() const {
  const base::MutexLock lock(mu_);
  return health_;
}

Journal::Counters Journal::counters() const {
  const base::MutexLock lock(mu_);
  return counters_;
}

base::Result<Journal::Sequence> Journal::Append(RecordType type, std::string_view payload, base::TimestampMs newest,
                                                std::uint64_t segment) {
  const std::uint64_t payload_hash = HashPayload(payload);
  const base::MutexLock lock(mu_);
  if (queue_.bytes.size() >= options_.queue_bytes_max) {
    // A failure there is the earlier records' and has begun another segment.
    static_cast<void>(DriveTo(appended_, Goal::kWritten).ok());
  }
  if (segment == segment_ && !HasRoom(RecordBytes(payload.size()))) LeaveSegment(segment);
  if (segment != segment_) return base::Conflict("append to the journal: another segment has begun");
  queue_.segment = segment_;
  AppendUnsealedRecord(type, payload_hash, payload, queue_.bytes);
  queue_.newest = std::max(queue_.newest, newest);
  ++queue_.records;
  if (queue_.records == expected_) gathered_.NotifyOne();
  segment_used_ += RecordBytes(payload.size());
  return ++appended_;
}

bool Journal::HasRoom(std::size_t bytes) const {
  return segment_used_ + bytes <= options_.segment_bytes || segment_used_ == kSegmentHeaderBytes;
}

// A queue holds records of one segment, so the next begins when the queue is empty and nobody writes. The file follows
// with the first record.
void Journal::LeaveSegment(std::uint64_t segment) {
  while (segment == segment_) {
    if (leading_) {
      WaitForLeader();
    } else if (queue_.records == 0) {
      ++segment_;
      segment_used_ = kSegmentHeaderBytes;
    } else {
      static_cast<void>(DriveTo(appended_, Goal::kWritten).ok());
    }
  }
}

base::Status Journal::WaitDurable(Sequence sequence) {
  return WaitFor(sequence, options_.policy == SyncPolicy::kAlways ? Goal::kSynced : Goal::kWritten);
}

base::Status Journal::WaitFor(Sequence sequence, Goal goal) {
  const base::MutexLock lock(mu_);
  return DriveTo(sequence, goal);
}

base::Status Journal::Sync() {
  const base::Status driven = Flush();
  const base::MutexLock lock(mu_);
  base::Status earlier;
  std::swap(earlier, failed_since_sync_);
  return driven.ok() ? earlier : driven;
}

base::Status Journal::Flush() {
  const base::MutexLock lock(mu_);
  return synced_ >= appended_ ? base::OkStatus() : DriveTo(appended_, Goal::kSynced);
}

base::Status Journal::DriveTo(Sequence sequence, Goal goal) {
  while (true) {
    BW_RETURN_IF_ERROR(FailureOf(sequence));
    if (sequence <= (goal == Goal::kSynced ? synced_ : written_)) return base::OkStatus();
    if (leading_) {
      WaitForLeader();
    } else {
      LeadBatch(goal);
    }
  }
}

void Journal::WaitForLeader() {
  const base::EventCount::Ticket ticket = changed_.Take();
  mu_.unlock();
  changed_.Wait(ticket);
  mu_.lock();
}

// Waits for those who may come along.
void Journal::Gather() {
  auto now = std::chrono::steady_clock::now();
  const auto latest = last_sync_ + options_.gather;
  while (queue_.records < expected_ && now < latest) {
    const base::EventCount::Ticket ticket = gathered_.Take();
    mu_.unlock();
    gathered_.WaitFor(ticket, latest - now);
    mu_.lock();
    now = std::chrono::steady_clock::now();
  }
  last_sync_ = now;
}

// The lock is let go while the disk works: others append meanwhile, and find leading_ set.
void Journal::LeadBatch(Goal goal) {
  leading_ = true;
  if (goal == Goal::kSynced && queue_.records > 0) Gather();
  std::swap(queue_, writing_);
  const Sequence last = appended_;
  mu_.unlock();
  base::Status status = WriteBatch(writing_);
  const bool wrote = status.ok();
  if (wrote && goal == Goal::kSynced) status = SyncFile();
  mu_.lock();
  if (status.ok()) {
    if (writing_.records > 0) health_ = base::OkStatus();
    counters_.records += writing_.records;
    counters_.bytes += writing_.bytes.size();
    written_ = last;
    if (goal == Goal::kSynced) {
      synced_ = last;
      expected_ = writing_.records + queue_.records;  // Who is answered now, and who waits already.
    }
  } else {
    NoteFailure(status);
  }
  writing_.Clear();
  leading_ = false;
  mu_.unlock();  // Those who wake need it.
  changed_.NotifyAll();
  mu_.lock();
}

// What was appended while the disk failed goes down with it. What was written before is synced (FinishSegment saw to
// that) unless a sync is what failed.
void Journal::NoteFailure(const base::Status& status) {
  ++counters_.failures;
  health_ = status;
  if (failed_since_sync_.ok()) failed_since_sync_ = status;
  queue_.Clear();
  ++segment_;
  since_ = segment_;
  segment_used_ = kSegmentHeaderBytes;
  const Sequence first = (std::exchange(lost_unsynced_, false) ? synced_ : written_) + 1;
  if (!failed_.empty() && failed_.back().last + 1 == first && failed_.back().status.code() == status.code()) {
    failed_.back().last = appended_;
    failed_.back().status = status;
  } else {
    failed_.push_back({first, appended_, status});
  }
  written_ = appended_;
  synced_ = appended_;
}

base::Status Journal::FailureOf(Sequence sequence) const {
  const auto it = std::lower_bound(failed_.begin(), failed_.end(), sequence,
                                   [](const FailedRange& range, Sequence s) { return range.last < s; });
  return it != failed_.end() && it->first <= sequence ? it->status : base::OkStatus();
}

base::Status Journal::WriteBatch(Queue& batch) {
  if (batch.records == 0) return base::OkStatus();
  const std::uint64_t size = batch.bytes.size();
  if (file_ != nullptr && file_number_ != batch.segment) BW_RETURN_IF_ERROR(FinishSegment());
  if (file_ == nullptr) {
    if (distrusted_) CutDistrusted();
    BW_RETURN_IF_ERROR(BeginSegment(batch.segment, size));
  }
  for (std::uint64_t at = 0; at < size; at += RecordBytesAt(batch.bytes.data() + at)) {
    SealRecord(batch.bytes.data() + at, file_number_, offset_ + at);
  }
  base::Status written = file_->WriteAt(offset_, batch.bytes);
  if (!written.ok()) {
    static_cast<void>(
        FinishSegment().ok());  // Nothing of it may be found later. If that fails, the file is distrusted.
    return written;
  }
  offset_ += size;
  if (offset_ > zeroed_ && options_.policy == SyncPolicy::kAlways) static_cast<void>(ZeroAhead().ok());
  const base::MutexLock lock(mu_);
  segments_.back().bytes = offset_;
  segments_.back().newest = std::max(segments_.back().newest, batch.newest);
  return base::OkStatus();
}

// Saves time alone: what cannot be written now is tried again with the next batch.
base::Status Journal::ZeroAhead() {
  constexpr std::uint64_t kAtOnce = 256u << 10;
  if (offset_ >= reserved_) return base::OkStatus();
  const std::string zeros(std::min(kAtOnce, reserved_ - offset_), '\0');
  BW_RETURN_IF_ERROR(file_->WriteAt(offset_, zeros));
  zeroed_ = offset_ + zeros.size();
  return base::OkStatus();
}

base::Status Journal::SyncFile() {
  if (file_ == nullptr) return base::OkStatus();
  base::Status synced = file_->Sync();
  if (synced.ok()) {
    synced_offset_ = offset_;
  } else {
    Distrust();
  }
  const base::MutexLock lock(mu_);
  ++counters_.syncs;
  return synced;
}

base::Status Journal::FinishSegment() {
  base::Status status = file_->Truncate(offset_);
  if (status.ok()) status = file_->Sync();
  if (!status.ok()) Distrust();
  file_.reset();
  return status;
}

void Journal::Distrust() {
  file_.reset();
  distrusted_ = true;
  lost_unsynced_ = true;
  const base::MutexLock lock(mu_);
  if (!segments_.empty() && segments_.back().number == file_number_) segments_.back().bytes = synced_offset_;
}

// For tidiness alone: the next start would report the torn tail of an earlier segment as damage. No record depends on
// whether it works.
void Journal::CutDistrusted() {
  auto file = files_.OpenExisting(SegmentPath(file_number_));
  if (!file.ok()) return;
  base::Status cut = (*file)->Truncate(synced_offset_);
  if (cut.ok()) cut = (*file)->Sync();
  distrusted_ = !cut.ok();
}

base::Status Journal::BeginSegment(std::uint64_t number, std::uint64_t at_least_bytes) {
  const std::string path = SegmentPath(number);
  const std::uint64_t size = std::max(options_.segment_bytes, kSegmentHeaderBytes + at_least_bytes);
  BW_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files_.Create(path, size));
  std::string header;
  AppendSegmentHeader({.number = number, .previous = file_number_}, header);
  base::Status status = file->WriteAt(0, header);
  if (status.ok()) status = file->Sync();
  if (status.ok()) status = files_.SyncDirectory(options_.path);
  if (!status.ok()) {
    file.reset();
    static_cast<void>(files_.Remove(path).ok());  // A file without records does no harm.
    return status;
  }
  file_ = std::move(file);
  file_number_ = number;
  offset_ = kSegmentHeaderBytes;
  synced_offset_ = offset_;
  reserved_ = size;
  zeroed_ = 0;
  distrusted_ = false;
  const base::MutexLock lock(mu_);
  segments_.push_back({.number = number, .bytes = offset_});
  return base::OkStatus();
}

base::Result<std::uint64_t> Journal::Rotate() {
  BW_RETURN_IF_ERROR(Flush());
  const base::MutexLock lock(mu_);
  if (segment_used_ > kSegmentHeaderBytes) LeaveSegment(segment_);
  return segment_;
}

base::Result<std::uint64_t> Journal::RotateAndRest() {
  BW_RETURN_IF_ERROR(Flush());
  const base::MutexLock lock(mu_);
  LeaveSegment(segment_);  // Leaves nothing queued, and nobody leading.
  const std::uint64_t number = segment_;
  leading_ = true;
  mu_.unlock();
  const base::Status finished = file_ == nullptr ? base::OkStatus() : FinishSegment();
  mu_.lock();
  leading_ = false;
  changed_.NotifyAll();
  if (!finished.ok()) return finished;
  return number;
}

base::Status Journal::DropBelow(std::uint64_t number) {
  std::vector<std::uint64_t> dropped;
  {
    const base::MutexLock lock(mu_);
    const std::uint64_t end = std::min(number, segment_);
    while (!segments_.empty() && segments_.front().number < end) {
      dropped.push_back(segments_.front().number);
      segments_.erase(segments_.begin());
    }
  }
  for (const std::uint64_t n : dropped) {
    base::Status removed = files_.Remove(SegmentPath(n));
    if (!removed.ok() && removed.code() != base::StatusCode::kNotFound) return removed;
  }
  return dropped.empty() ? base::OkStatus() : files_.SyncDirectory(options_.path);
}

}  // namespace bellwether::storage
