// rules/eval/slot_scheduler.h
//
// Runs tasks at their slots: each task one slot at a time, different tasks at once on a few threads. A task that takes
// longer than its interval goes on with the latest slot and is told how many it missed.
//
// Nothing runs before the gate opens (a start waits for fresh samples); then every task begins with its next slot.
//
// One thread watches the clock and hands out what is due; the workers wait for it. The road not taken: a thread for
// each task, as Prometheus has it; hundreds of groups would be hundreds of threads that all wake at once.
//
// Thread-safe; SetTasks, Suspend and Resume are called by one thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/alarm.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/time.h"

namespace bellwether::rules {

struct SlotTask {
  base::DurationMs interval;
  base::DurationMs offset;
  // `stop` is requested when the scheduler stops, and waits for the task.
  std::function<void(base::TimestampMs slot, std::uint64_t missed, const std::stop_token& stop)> run;
};
using SlotTaskPtr = std::shared_ptr<const SlotTask>;

class SlotScheduler {
 public:
  using Gate = std::function<bool(base::TimestampMs now)>;

  // `clock` outlives the scheduler. `gate` is asked until it says true, never under a lock.
  SlotScheduler(base::Clock& clock, Gate gate);
  ~SlotScheduler();  // Stops.

  // Puts `tasks` in place of the present ones. Those that stay keep their next slot; new ones begin with the next slot
  // after now. A task that goes must be suspended or the scheduler not started.
  void SetTasks(const std::vector<SlotTaskPtr>& tasks);

  // Returns when none of `tasks` runs; none of them is begun until Resume.
  void Suspend(std::span<const SlotTaskPtr> tasks);
  void Resume(std::span<const SlotTaskPtr> tasks);

  void Start(int workers);
  // Returns when nothing runs any more.
  void Stop();

  // Runs what is due now in this thread, in order of the slots; instead of Start.
  void RunDue();

 private:
  struct Entry {
    SlotTaskPtr task;
    base::TimestampMs next;
    bool busy = false;
    bool suspended = false;
  };
  struct Due {
    SlotTaskPtr task;
    base::TimestampMs slot;
    std::uint64_t missed = 0;
  };

  void Watch(const std::stop_token& stop);
  void Work(const std::stop_token& stop);
  bool OpenGate(base::TimestampMs now);
  std::optional<Due> TakeDue(base::TimestampMs now) BW_REQUIRES(mu_);
  [[nodiscard]] base::TimestampMs NextWake(base::TimestampMs now);
  [[nodiscard]] Entry* Find(const SlotTaskPtr& task) BW_REQUIRES(mu_);
  void Run(const Due& due, const std::stop_token& stop);

  base::Clock& clock_;
  const Gate gate_;
  base::Alarm alarm_;

  base::Mutex mu_;
  base::CondVar changed_;
  bool open_ BW_GUARDED_BY(mu_) = false;
  bool stopping_ BW_GUARDED_BY(mu_) = false;
  std::vector<Entry> entries_ BW_GUARDED_BY(mu_);
  std::deque<Due> ready_ BW_GUARDED_BY(mu_);  // Taken and waiting for a worker; busy already.

  std::vector<std::jthread> threads_;  // Of the caller of Start and Stop.
};

}  // namespace bellwether::rules
