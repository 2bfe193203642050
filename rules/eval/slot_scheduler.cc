#include "rules/eval/slot_scheduler.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.h"
#include "rules/eval/slot.h"

namespace bellwether::rules {
namespace {

// How often a closed gate is asked.
constexpr base::DurationMs kGatePoll = base::Milliseconds(100);

}  // namespace

SlotScheduler::SlotScheduler(base::Clock& clock, Gate gate) : clock_(clock), gate_(std::move(gate)), alarm_(clock) {}

SlotScheduler::~SlotScheduler() { Stop(); }

void SlotScheduler::SetTasks(const std::vector<SlotTaskPtr>& tasks) {
  const base::TimestampMs now = clock_.Now();
  {
    const base::MutexLock lock(mu_);
    std::vector<Entry> entries;
    entries.reserve(tasks.size());
    for (const SlotTaskPtr& task : tasks) {
      if (const Entry* present = Find(task)) {
        entries.push_back(*present);
        entries.back().suspended = false;
      } else {
        entries.push_back({task, SlotAfter(now, task->interval, task->offset), false, false});
      }
    }
    entries_ = std::move(entries);
  }
  alarm_.Ring();
}

void SlotScheduler::Suspend(std::span<const SlotTaskPtr> tasks) {
  const base::MutexLock lock(mu_);
  for (const SlotTaskPtr& task : tasks) {
    if (Entry* entry = Find(task)) entry->suspended = true;
  }
  // What is ready but not begun need not be waited for.
  std::erase_if(ready_, [&](const Due& due) BW_NO_THREAD_SAFETY_ANALYSIS {
    Entry* entry = Find(due.task);
    if (entry == nullptr || !entry->suspended) return false;
    entry->busy = false;
    entry->next = due.slot;
    return true;
  });
  for (const SlotTaskPtr& task : tasks) {
    for (;;) {
      const Entry* entry = Find(task);
      if (entry == nullptr || !entry->busy) break;
      changed_.Wait(mu_);
    }
  }
}

void SlotScheduler::Resume(std::span<const SlotTaskPtr> tasks) {
  {
    const base::MutexLock lock(mu_);
    for (const SlotTaskPtr& task : tasks) {
      if (Entry* entry = Find(task)) entry->suspended = false;
    }
  }
  alarm_.Ring();
}

void SlotScheduler::Start(int workers) {
  {
    const base::MutexLock lock(mu_);
    stopping_ = false;
  }
  OpenGate(clock_.Now());  // So that slots count from the call and not from the thread's first breath.
  threads_.emplace_back([this](const std::stop_token& stop) { Watch(stop); });
  for (int i = 0; i < workers; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
  }
}

void SlotScheduler::Stop() {
  {
    const base::MutexLock lock(mu_);
    stopping_ = true;
    for (const Due& due : ready_) {
      if (Entry* entry = Find(due.task)) entry->busy = false;
    }
    ready_.clear();
  }
  changed_.NotifyAll();
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();  // Joins.
}

bool SlotScheduler::OpenGate(base::TimestampMs now) {
  {
    const base::MutexLock lock(mu_);
    if (open_) return true;
  }
  if (!gate_(now)) return false;
  const base::MutexLock lock(mu_);
  open_ = true;
  for (Entry& entry : entries_) entry.next = SlotAfter(now, entry.task->interval, entry.task->offset);
  return true;
}

SlotScheduler::Entry* SlotScheduler::Find(const SlotTaskPtr& task) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.task == task; });
  return found == entries_.end() ? nullptr : &*found;
}

std::optional<SlotScheduler::Due> SlotScheduler::TakeDue(base::TimestampMs now) {
  Entry* first = nullptr;
  for (Entry& entry : entries_) {
    if (entry.busy || entry.suspended || entry.next > now) continue;
    if (first == nullptr || entry.next < first->next) first = &entry;
  }
  if (first == nullptr) return std::nullopt;
  const SlotTask& task = *first->task;
  const base::TimestampMs slot = SlotAtOrBefore(now, task.interval, task.offset);
  const auto missed = static_cast<std::uint64_t>((slot - first->next).ms / task.interval.ms);
  first->busy = true;
  first->next = slot + task.interval;
  return Due{first->task, slot, missed};
}

base::TimestampMs SlotScheduler::NextWake(base::TimestampMs now) {
  const base::MutexLock lock(mu_);
  base::TimestampMs wake = base::TimestampMs::Max();
  for (const Entry& entry : entries_) {
    // A busy task that is late already is looked at again when its worker has finished and rings.
    if (!entry.suspended && (!entry.busy || entry.next > now)) wake = std::min(wake, entry.next);
  }
  return wake;
}

void SlotScheduler::Watch(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const base::TimestampMs now = clock_.Now();
    if (!OpenGate(now)) {
      alarm_.SleepUntil(now + kGatePoll, stop);
      continue;
    }
    bool any = false;
    {
      const base::MutexLock lock(mu_);
      while (!stopping_) {
        auto due = TakeDue(now);
        if (!due) break;
        ready_.push_back(*std::move(due));
        any = true;
      }
    }
    if (any) changed_.NotifyAll();
    alarm_.SleepUntil(NextWake(now), stop);
  }
}

void SlotScheduler::Work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Due due;
    {
      const base::MutexLock lock(mu_);
      while (ready_.empty() && !stopping_) changed_.Wait(mu_);
      if (stopping_) return;
      due = std::move(ready_.front());
      ready_.pop_front();
    }
    Run(due, stop);
  }
}

void SlotScheduler::Run(const Due& due, const std::stop_token& stop) {
  try {
    due.task->run(due.slot, due.missed, stop);
  } catch (const std::exception& e) {
    BW_LOG(kError, "internal error in a rule group", {"error", std::string(e.what())});
  }
  {
    const base::MutexLock lock(mu_);
    if (Entry* entry = Find(due.task)) entry->busy = false;
  }
  changed_.NotifyAll();
  // Whether the watcher passed the task over meanwhile cannot be told from the clock, which moves on or back.
  alarm_.Ring();
}

void SlotScheduler::RunDue() {
  const base::TimestampMs now = clock_.Now();
  if (!OpenGate(now)) return;
  for (;;) {
    std::optional<Due> due;
    {
      const base::MutexLock lock(mu_);
      due = TakeDue(now);
    }
    if (!due) return;
    Run(*due, {});
  }
}

}  // namespace bellwether::rules
