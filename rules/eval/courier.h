// rules/eval/courier.h
//
// Carries the owed updates to the sink in a thread of its own, so that a slow sink never delays an evaluation, and ends
// the series of removed rules when their time has come. A sink that fails is tried again after a pause that doubles.
#pragma once

#include <stop_token>
#include <thread>

#include "base/alarm.h"
#include "base/clock.h"
#include "base/time.h"
#include "rules/eval/orphan_series.h"
#include "rules/state/update_queue.h"
#include "storage/storage.h"

namespace bellwether::rules {

class Courier {
 public:
  static constexpr base::DurationMs kPauseMin = base::Seconds(1);
  static constexpr base::DurationMs kPauseMax = base::Minutes(1);

  // Everything outlives the courier.
  Courier(base::Clock& clock, storage::Storage& storage, UpdateQueue& queue, OrphanSeries& orphans)
      : clock_(clock), storage_(storage), queue_(queue), orphans_(orphans), alarm_(clock) {}

  void Start();
  // Returns when nothing is being delivered any more; what is left stays owed.
  void Stop();
  // There is something new to carry.
  void Ring() { alarm_.Ring(); }
  // One round in this thread, pauses aside; instead of Start.
  void RunOnce();

 private:
  void Run(const std::stop_token& stop);

  base::Clock& clock_;
  storage::Storage& storage_;
  UpdateQueue& queue_;
  OrphanSeries& orphans_;
  base::Alarm alarm_;
  std::jthread thread_;
};

}  // namespace bellwether::rules
