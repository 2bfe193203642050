// storage/journal/journal.h
//
// The write-ahead log: what was acknowledged is in it, on the disk, until it stands in sealed windows. A directory of
// preallocated segments, 00000000000000000042.seg, written one after another; frame.h says how records stand in them,
// record_codec.h what a record holds.
//
// Group commit. Append puts a record in a queue in memory and returns its sequence. WaitDurable(sequence) returns when
// the record is safe: the first waiter to find nobody at it takes the whole queue, writes it and syncs once for all who
// wait; those who came meanwhile are the next batch. No thread of its own, no timer: one writer alone pays one sync,
// forty share it. A sync costs the machine as much as a thousand samples do, so it waits a little, at most until
// JournalOptions::gather after the last began, for those who are likely to come along: whoever was answered by the last
// has the next record soon. Once all of them are there it begins at once, and one writer alone waits for nobody.
//
// Where records are synced one by one, zeros are written some way ahead of them into the reserved space: blocks that
// were written before cost a sync a third less, since no change of the file's extents goes with it.
//
// What "safe" means is the policy's: synced (kAlways), or in the kernel's hands (kInterval, kOff), which a killed
// process does not lose but a power cut does. Under kInterval the owner calls Flush every so often.
//
// A record may build on records before it (a series is defined by its labels once and by a number after that), in its
// own segment and in those before, as far back as Place::since; whatever drops segments keeps elsewhere what they
// defined. Whoever encodes a record asks place() first and hands the segment to Append, which refuses with kConflict
// when that is no longer the current one: the record is to be encoded again, on its own.
//
// Failures. Every record that is queued or being written when the disk fails, fails with it, those appended meanwhile
// too, since they may build on what is lost. The next record is tried anew, in a new segment: the journal heals by
// itself when the disk does.
//
// A failed write: the segment is cut behind its last whole batch and synced, so that nothing of the failed one is
// found.
//
// A failed sync: what the kernel did with the pages is unknown, and asking again would prove nothing. Nothing is
// written to that file any more; of its records only those of earlier syncs count. All later ones fail, and are cut off
// before the next segment begins. Under kInterval and kOff some of them may have been acknowledged: the loss that these
// policies allow.
//
// Thread-safe. The road not taken: RocksDB's own log. It costs five times as much for a record, writes everything a
// second time with the memtable, and deletes its files by rules of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_count.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"
#include "storage/journal/file_system.h"
#include "storage/journal/frame.h"
#include "storage/open.h"

namespace bellwether::storage {

struct JournalOptions {
  std::string path;  // Directory; made if absent.
  SyncPolicy policy = SyncPolicy::kAlways;
  std::uint64_t segment_bytes = 128u << 20;
  std::size_t queue_bytes_max = 16u << 20;  // An Append that finds more waiting writes it out first.
  std::chrono::milliseconds gather{10};     // From sync to sync, while not all are there who may be; 0: no pause.
  std::uint64_t first_segment = 1;          // Segments get this number or a higher one.
};

struct SegmentInfo {
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;                              // Used; of the file, if it was not read.
  base::TimestampMs newest = base::TimestampMs::Min();  // As given to Append, or by the reader at replay.
};

class Journal {
 public:
  using Sequence = std::uint64_t;

  // Begins a segment behind those that `replayed` tells of (see ReplayJournal); on a full disk, with the first record.
  // Errors: those of the file system.
  [[nodiscard]] static base::Result<std::unique_ptr<Journal>> Open(const JournalOptions& options, FileSystem& files,
                                                                   std::vector<SegmentInfo> replayed);
  // Writes and syncs what is queued, and cuts the last segment to its length.
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Where the next record goes, and the first segment on which it may build: none from there on has lost a record of
  // this process.
  struct Place {
    std::uint64_t segment = 0;
    std::uint64_t since = 0;
  };
  [[nodiscard]] Place place() const;
  [[nodiscard]] std::uint64_t segment() const { return place().segment; }

  // Queues a record made for `segment`. `newest` is the time of its newest sample (Min: none). Writes (but does not
  // sync) only when the queue or the segment is full. Error: kConflict (another segment has begun: encode again).
  [[nodiscard]] base::Result<Sequence> Append(RecordType type, std::string_view payload, base::TimestampMs newest,
                                              std::uint64_t segment);

  // Returns when the record is safe under the policy. Errors: kUnavailable (disk full or read-only; the record is not
  // in the journal), kInternal (the disk failed: it may be found there or not).
  [[nodiscard]] base::Status WaitDurable(Sequence sequence);

  // Returns when everything appended so far is written and synced, whatever the policy. Also fails if a record appended
  // since the last Sync failed, for those who did not wait for theirs.
  [[nodiscard]] base::Status Sync();
  // The same, but leaves earlier failures for Sync to tell. What a timer calls under kInterval.
  [[nodiscard]] base::Status Flush();

  // The failure after which nothing has been written yet; OK if there is none.
  [[nodiscard]] base::Status Health() const;

  // Flushes, ends the current segment, if anything is in it, and begins the next. Returns the number of the segment
  // that takes the records appended from now on.
  [[nodiscard]] base::Result<std::uint64_t> Rotate();
  // The same even if nothing is in it, so that the number returned is above all there was. The room that was reserved
  // is given back: there is no current file until the next record.
  [[nodiscard]] base::Result<std::uint64_t> RotateAndRest();

  // Removes the segments with numbers below `number`, never the current one.
  [[nodiscard]] base::Status DropBelow(std::uint64_t number);

  // Those that exist as files, ascending.
  [[nodiscard]] std::vector<SegmentInfo> Segments() const;

  struct Counters {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    std::uint64_t syncs = 0;
    std::uint64_t failures = 0;
  };
  [[nodiscard]] Counters counters() const;

 private:
  // Records that wait to be written, as they will stand in the file but for their places.
  struct Queue {
    std::string bytes;
    std::uint64_t segment = 0;
    std::uint64_t records = 0;
    base::TimestampMs newest = base::TimestampMs::Min();
    void Clear();
  };
  struct FailedRange {
    Sequence first;
    Sequence last;
    base::Status status;
  };
  enum class Goal { kWritten, kSynced };

  Journal(const JournalOptions& options, FileSystem& files) : options_(options), files_(files) {}

  [[nodiscard]] base::Status WaitFor(Sequence sequence, Goal goal);
  [[nodiscard]] base::Status DriveTo(Sequence sequence, Goal goal) BW_REQUIRES(mu_);
  void LeadBatch(Goal goal) BW_REQUIRES(mu_);
  void Gather() BW_REQUIRES(mu_);
  void WaitForLeader() BW_REQUIRES(mu_);
  [[nodiscard]] bool HasRoom(std::size_t bytes) const BW_REQUIRES(mu_);
  void LeaveSegment(std::uint64_t segment) BW_REQUIRES(mu_);
  void NoteFailure(const base::Status& status) BW_REQUIRES(mu_);
  [[nodiscard]] base::Status FailureOf(Sequence sequence) const BW_REQUIRES(mu_);

  // By the leader alone, without the lock.
  [[nodiscard]] base::Status WriteBatch(Queue& batch);
  [[nodiscard]] base::Status ZeroAhead();
  [[nodiscard]] base::Status SyncFile();
  [[nodiscard]] base::Status FinishSegment();
  void Distrust();
  void CutDistrusted();
  [[nodiscard]] base::Status BeginSegment(std::uint64_t number, std::uint64_t at_least_bytes);
  [[nodiscard]] std::string SegmentPath(std::uint64_t number) const;

  const JournalOptions options_;
  FileSystem& files_;

  // The thread that set leading_ touches these, nobody else; they need no lock.
  std::unique_ptr<WritableFile> file_;  // None before the first and after a failure.
  std::uint64_t file_number_ = 0;       // Of the newest segment that exists.
  std::uint64_t offset_ = 0;
  std::uint64_t synced_offset_ = 0;
  std::uint64_t reserved_ = 0;  // Size of the file.
  std::uint64_t zeroed_ = 0;    // Blocks below were written.
  bool distrusted_ = false;     // A sync of the newest segment failed: nothing behind synced_offset_ counts.
  bool lost_unsynced_ = false;  // That happened in the batch under way.
  Queue writing_;

  mutable base::Mutex mu_;
  base::EventCount changed_;   // Somebody leads no more.
  base::EventCount gathered_;  // As many records as expected_ are in the queue.
  bool leading_ BW_GUARDED_BY(mu_) = false;
  std::chrono::steady_clock::time_point last_sync_ BW_GUARDED_BY(mu_);  // When it began.
  std::uint64_t expected_ BW_GUARDED_BY(mu_) = 0;                       // Records, before the next sync begins.
  Queue queue_ BW_GUARDED_BY(mu_);
  Sequence appended_ BW_GUARDED_BY(mu_) = 0;
  Sequence written_ BW_GUARDED_BY(mu_) = 0;
  Sequence synced_ BW_GUARDED_BY(mu_) = 0;
  std::uint64_t segment_ BW_GUARDED_BY(mu_) = 1;
  std::uint64_t since_ BW_GUARDED_BY(mu_) = 1;
  std::uint64_t segment_used_ BW_GUARDED_BY(mu_) = kSegmentHeaderBytes;  // Queued records included.
  base::Status health_ BW_GUARDED_BY(mu_);
  base::Status failed_since_sync_ BW_GUARDED_BY(mu_);
  std::vector<FailedRange> failed_ BW_GUARDED_BY(mu_);
  std::vector<SegmentInfo> segments_ BW_GUARDED_BY(mu_);
  Counters counters_ BW_GUARDED_BY(mu_);
};

// Where a record was found.
struct RecordPlace {
  std::string file;
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;
};

// What a replay found besides records. Each message names file and offset.
struct ReplayReport {
  std::vector<SegmentInfo> segments;  // For Journal::Open.
  std::vector<std::string> damage;    // Something that was written is gone; everything else was kept.
  std::uint64_t records = 0;
  std::uint64_t torn_bytes = 0;  // Cut off the tail: never acknowledged.
};

// Takes a record, returns the time of its newest sample. An error becomes an entry in the report's damage, and the
// segment's newest sample counts as Max.
using RecordVisitor =
    std::function<base::Result<base::TimestampMs>(RecordType type, std::string_view payload, const RecordPlace& place)>;

// Segment numbers. Those below `keep` are removed: they were no longer needed when the process ended. Those from there
// to below `read` stay, unread: something else holds what they do.
struct ReplayRange {
  std::uint64_t keep = 1;
  std::uint64_t read = 1;
};

// Reads all segments of the range, in order, and cuts a torn tail off the last one. Errors: those of the file system.
[[nodiscard]] base::Result<ReplayReport> ReplayJournal(const std::string& path, FileSystem& files, ReplayRange range,
                                                       const RecordVisitor& visit);

}  // namespace bellwether::storage
