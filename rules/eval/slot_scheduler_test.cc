#include "rules/eval/slot_scheduler.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether::rules {
namespace {

using base::DurationMs;
using base::TimestampMs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using ScheduledRun = std::pair<std::int64_t, std::uint64_t>;  // Slot, missed.

bool AlwaysOpen(TimestampMs) { return true; }

SlotTaskPtr MakeSlotTask(std::int64_t interval, std::int64_t offset,
                         std::function<void(TimestampMs, std::uint64_t)> run) {
  auto task = std::make_shared<SlotTask>();
  task->interval = DurationMs(interval);
  task->offset = DurationMs(offset);
  task->run = [run = std::move(run)](TimestampMs slot, std::uint64_t missed, const std::stop_token&) {
    run(slot, missed);
  };
  return task;
}

TEST(SlotSchedulerTest, RunsTasksAtTheirSlots) {
  base::SimulatedClock clock(TimestampMs(1000));
  SlotScheduler scheduler(clock, AlwaysOpen);
  std::vector<std::string> runs;
  const auto note = [&](const std::string& name) {
    return [&runs, name](TimestampMs slot, std::uint64_t missed) {
      runs.push_back(name + "@" + std::to_string(slot.ms) + (missed > 0 ? "-" + std::to_string(missed) : ""));
    };
  };
  scheduler.SetTasks({MakeSlotTask(100, 7, note("a")), MakeSlotTask(250, 0, note("b"))});
  const auto run_at = [&](std::int64_t ms) {
    clock.Set(TimestampMs(ms));
    runs.clear();
    scheduler.RunDue();
    return runs;
  };
  EXPECT_THAT(run_at(1000), IsEmpty()) << "the slot of the start is over";
  EXPECT_THAT(run_at(1006), IsEmpty());
  EXPECT_THAT(run_at(1007), ElementsAre("a@1007"));
  EXPECT_THAT(run_at(1060), IsEmpty());
  EXPECT_THAT(run_at(1110), ElementsAre("a@1107"));
  EXPECT_THAT(run_at(1500), ElementsAre("a@1407-2", "b@1500-1"));
  EXPECT_THAT(run_at(1507), ElementsAre("a@1507"));
}

TEST(SlotSchedulerTest, WaitsAtAClosedGateAndBeginsWithTheNextSlot) {
  base::SimulatedClock clock(TimestampMs(0));
  bool open = false;
  SlotScheduler scheduler(clock, [&](TimestampMs) { return open; });
  std::vector<ScheduledRun> runs;
  scheduler.SetTasks(
      {MakeSlotTask(100, 0, [&](TimestampMs slot, std::uint64_t missed) { runs.emplace_back(slot.ms, missed); })});
  clock.Set(TimestampMs(550));
  scheduler.RunDue();
  EXPECT_THAT(runs, IsEmpty());
  open = true;
  scheduler.RunDue();
  EXPECT_THAT(runs, IsEmpty()) << "slots that passed at the gate are not run, nor missed";
  clock.Set(TimestampMs(600));
  scheduler.RunDue();
  EXPECT_THAT(runs, ElementsAre(ScheduledRun(600, 0)));
}

TEST(SlotSchedulerTest, KeptTasksKeepTheirSlots) {
  base::SimulatedClock clock(TimestampMs(0));
  SlotScheduler scheduler(clock, AlwaysOpen);
  std::vector<ScheduledRun> runs;
  const SlotTaskPtr kept =
      MakeSlotTask(100, 0, [&](TimestampMs slot, std::uint64_t missed) { runs.emplace_back(slot.ms, missed); });
  scheduler.SetTasks({kept});
  scheduler.RunDue();
  clock.Set(TimestampMs(150));
  scheduler.SetTasks({kept, MakeSlotTask(100, 50, [](auto, auto) {})});
  scheduler.RunDue();
  EXPECT_THAT(runs, ElementsAre(ScheduledRun(100, 0)));
  const std::vector<SlotTaskPtr> suspended = {kept};
  scheduler.Suspend(suspended);
  clock.Set(TimestampMs(200));
  scheduler.RunDue();
  EXPECT_EQ(runs.size(), 1U);
  scheduler.Resume(suspended);
  scheduler.RunDue();
  EXPECT_THAT(runs, ElementsAre(ScheduledRun(100, 0), ScheduledRun(200, 0)));
}

// Waits for what another thread brings about.
class SchedulerWitness {
 public:
  void Note(std::int64_t slot) {
    const std::lock_guard lock(mu_);
    ++count_;
    last_ = slot;
    changed_.notify_all();
  }
  void AwaitSlot(std::int64_t slot) {
    std::unique_lock lock(mu_);
    changed_.wait(lock, [&] { return last_ >= slot; });
  }
  [[nodiscard]] int count() {
    const std::lock_guard lock(mu_);
    return count_;
  }

 private:
  std::mutex mu_;
  std::condition_variable changed_;
  int count_ = 0;
  std::int64_t last_ = -1;
};

TEST(SlotSchedulerThreadsTest, RunsEverySlotWhileTheClockMoves) {
  base::SimulatedClock clock(TimestampMs(0));
  SlotScheduler scheduler(clock, AlwaysOpen);
  SchedulerWitness slow;
  SchedulerWitness fast;
  scheduler.SetTasks({MakeSlotTask(1000, 0, [&](TimestampMs slot, std::uint64_t) { slow.Note(slot.ms); }),
                      MakeSlotTask(100, 30, [&](TimestampMs slot, std::uint64_t) { fast.Note(slot.ms); })});
  scheduler.Start(3);
  for (std::int64_t now = 30; now <= 3030; now += 100) {
    clock.Set(TimestampMs(now));
    fast.AwaitSlot(now);
  }
  slow.AwaitSlot(3000);
  scheduler.Stop();
  EXPECT_EQ(fast.count(), 31);
  EXPECT_EQ(slow.count(), 3);
}

TEST(SlotSchedulerThreadsTest, NeverRunsATaskTwiceAtOnceAndCountsWhatItMissed) {
  base::SimulatedClock clock(TimestampMs(0));
  SlotScheduler scheduler(clock, AlwaysOpen);
  std::atomic<int> at_once{0};
  std::atomic<std::uint64_t> seen{0};
  SchedulerWitness witness;
  scheduler.SetTasks({MakeSlotTask(10, 0, [&](TimestampMs slot, std::uint64_t missed) {
    EXPECT_EQ(at_once.fetch_add(1), 0);
    clock.Advance(DurationMs(25));  // Longer than its interval.
    seen += 1 + missed;
    at_once.fetch_sub(1);
    witness.Note(slot.ms);
  })});
  scheduler.Start(4);
  clock.Set(TimestampMs(10));
  witness.AwaitSlot(1000);
  scheduler.Stop();
  EXPECT_GE(seen.load(), 100U);
}

TEST(SlotSchedulerThreadsTest, SuspendReturnsWhenNothingRuns) {
  base::SimulatedClock clock(TimestampMs(0));
  SlotScheduler scheduler(clock, AlwaysOpen);
  std::atomic<bool> running{false};
  SchedulerWitness witness;
  const SlotTaskPtr task = MakeSlotTask(10, 0, [&](TimestampMs slot, std::uint64_t) {
    running = true;
    witness.Note(slot.ms);
    running = false;
  });
  scheduler.SetTasks({task});
  scheduler.Start(2);
  const std::vector<SlotTaskPtr> tasks = {task};
  for (int round = 1; round <= 200; ++round) {
    clock.Advance(DurationMs(10));
    scheduler.Suspend(tasks);
    EXPECT_FALSE(running.load());
    scheduler.Resume(tasks);
    witness.AwaitSlot(round * 10);
  }
  scheduler.Stop();
}

TEST(SlotSchedulerThreadsTest, TellsRunningTasksToStop) {
  base::SimulatedClock clock(TimestampMs(0));
  SlotScheduler scheduler(clock, AlwaysOpen);
  SchedulerWitness witness;
  auto task = std::make_shared<SlotTask>();
  task->interval = DurationMs(10);
  task->run = [&](TimestampMs slot, std::uint64_t, const std::stop_token& stop) {
    witness.Note(slot.ms);
    while (!stop.stop_requested()) std::this_thread::yield();
  };
  scheduler.SetTasks({task});
  scheduler.Start(2);
  clock.Set(TimestampMs(10));
  witness.AwaitSlot(10);
  scheduler.Stop();
}

TEST(SlotSchedulerThreadsTest, StopsWhileItWaits) {
  base::SimulatedClock clock(TimestampMs(0));
  for (int round = 0; round < 50; ++round) {
    SlotScheduler open(clock, AlwaysOpen);
    open.SetTasks({MakeSlotTask(1000, 0, [](auto, auto) {})});
    open.Start(3);
    SlotScheduler closed(clock, [](TimestampMs) { return false; });
    closed.Start(1);
    if (round % 2 == 0) {
      open.Stop();
      closed.Stop();
    }
  }
}

}  // namespace
}  // namespace bellwether::rules
