// storage/rocks/window_merger.h
//
// Merges sealed windows in the background, a slice at a time, so that sealing never waits for a merge. What is merged,
// and when, merge_plan.h decides. The steps are those of sealing:
//
//   1. write the merged window's files,
//   2. take them into the database,
//   3. in one synced batch name the new window and forget those it was made from,
//   4. drop their files when nobody reads them any more.
//
// A crash between any two costs nothing but the work: before 3 the new files are dropped at start, after 3 the old
// ones. What was sealed meanwhile for the same time stays beside the merged window and counts after it. One thread at a
// time, the sealer's.
#pragma once

#include <chrono>
#include <memory>
#include <set>

#include "base/status.h"
#include "storage/rocks/rocks_core.h"

namespace bellwether::storage {

class WindowMerger {
 public:
  explicit WindowMerger(RocksCore& core);
  ~WindowMerger();

  // Works on for about `slice`. True if there is more to do. Nothing is begun while the disk is full. Errors:
  // kUnavailable (disk full), kInternal: the merge begins anew at the next call; kCorruption: a window cannot be read,
  // and stays as it is.
  [[nodiscard]] base::Result<bool> Work(std::chrono::nanoseconds slice);

 private:
  class Merge;

  [[nodiscard]] base::Result<std::unique_ptr<Merge>> Begin();
  [[nodiscard]] base::Status WriteOn(std::chrono::nanoseconds slice, bool& more);
  [[nodiscard]] base::Status Finish();

  RocksCore& core_;
  std::unique_ptr<Merge> merge_;  // Under way.
  std::set<head::WindowId> given_up_;
};

}  // namespace bellwether::storage
