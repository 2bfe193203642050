// storage/rocks/sealer.h
//
// Moves windows from the head to the disk, and forgets what is older than the retention. The journal is let go behind
// snapshots of the head (head_snapshots.h).
//
// A window is due by the time of the data: when the newest sample of the store is past its end by the out-of-order
// window and a quarter of an hour. One pass over all due windows:
//
//   1. end the journal's segment: what was acknowledged before is in earlier segments, and in the head;
//   2. of each due window write files, take them into the database, name them in the catalogue (synced, with the
//   segment
//      that 1 began), and have the head forget what was written once no reader needs it there.
//
// A crash between any two steps costs nothing: files that the catalogue does not name are dropped at start, and of a
// window that it names a start passes over what was journalled before 1.
//
// Late data open a window again. They are sealed as a further generation, at most every ten minutes.
//
// Where series come and go, those that are gone would fill the head until their windows are due. When they are many,
// what they have of such a window is sealed ahead of it, as a generation of its own that the next merge takes in. The
// catalogue does not say of the window that it is sealed then: a start reads all of it from the journal, and what is
// twice does no harm.
// One thread at a time.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "storage/rocks/rocks_core.h"

namespace bellwether::storage {

class Sealer {
 public:
  explicit Sealer(RocksCore& core) : core_(core) {}

  // Everything that is due now. Errors: kUnavailable (disk full), kCorruption, kInternal; what was done stays done.
  [[nodiscard]] base::Status Run();

  // A window is due that was never sealed, or many series are gone. Cheap: asked a few times a second, so that windows
  // are sealed by the time of the data however fast they come.
  [[nodiscard]] bool IsPressing();
  // More waits to be sealed than twice what the head holds anyhow.
  [[nodiscard]] bool IsBehind() const;
  // Windows left the head since this was asked last.
  [[nodiscard]] bool TakeFreed();
  // Windows that are on disk and still in the head.
  [[nodiscard]] std::vector<head::WindowId> HandedOver() const;

 private:
  // A window that is on disk and still in the head, for readers who began before.
  struct Handover {
    head::WindowId window;
    std::uint64_t version;  // Of the catalogue that names it.
  };

  [[nodiscard]] base::Status SealDue();
  [[nodiscard]] bool IsDue(head::WindowId window) const;
  [[nodiscard]] bool ShouldPass(const std::vector<head::WindowId>& due) const;
  // Some of it was never sealed, other than ahead.
  [[nodiscard]] bool IsFirst(head::WindowId window) const;
  [[nodiscard]] base::Status SealWindow(head::WindowId window, std::uint64_t journal_end);
  [[nodiscard]] bool IsAheadDue();
  [[nodiscard]] base::Status SealAhead();
  // Takes it from the head into a generation; of series with samples from `idle_before` on, nothing.
  [[nodiscard]] base::Status WriteWindow(head::WindowId window, std::uint64_t journal_end,
                                         base::TimestampMs idle_before);
  // A series whose newest sample is older than this is gone, as far as one can tell.
  [[nodiscard]] base::TimestampMs IdleBefore(base::TimestampMs newest) const;
  void FinishHandovers();
  [[nodiscard]] bool IsHandedOver(head::WindowId window) const;
  [[nodiscard]] base::Status ApplyRetention();
  [[nodiscard]] base::Status ApplySizeRetention();
  [[nodiscard]] base::Status CollectGarbage();

  RocksCore& core_;
  std::vector<Handover> handovers_;
  std::set<head::WindowId> sealed_ahead_;  // And not sealed since.
  std::optional<base::TimestampMs> last_pass_;
  std::optional<base::TimestampMs> looked_ahead_;  // The newest sample then.
  bool ahead_due_ = false;
  bool freed_ = false;
};

}  // namespace bellwether::storage
