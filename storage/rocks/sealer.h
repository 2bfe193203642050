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
// One thread at a time.
#pragma once

#include <optional>
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

  // A window is due that was never sealed. Cheap: asked a few times a second, so that windows are sealed by the time of
  // the data however fast they come.
  [[nodiscard]] bool IsPressing() const;
  // More waits to be sealed than twice what the head holds anyhow.
  [[nodiscard]] bool IsBehind() const;
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
  [[nodiscard]] base::Status SealWindow(head::WindowId window, std::uint64_t journal_end);
  void FinishHandovers();
  [[nodiscard]] bool IsHandedOver(head::WindowId window) const;
  [[nodiscard]] base::Status ApplyRetention();
  [[nodiscard]] base::Status ApplySizeRetention();
  [[nodiscard]] base::Status CollectGarbage();

  RocksCore& core_;
  std::vector<Handover> handovers_;
  std::optional<base::TimestampMs> last_pass_;
};

}  // namespace bellwether::storage
