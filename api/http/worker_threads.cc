#include "api/http/worker_threads.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace bellwether::api {

WorkerThreads::WorkerThreads(int threads, std::size_t queue_max, int nice) : queue_max_(queue_max) {
  for (int i = 0; i < std::max(threads, 1); ++i) {
    threads_.emplace_back([this, nice] {
      // Of this thread alone, as Linux has it. A refusal costs nothing but the courtesy.
      if (nice > 0) static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice));
      Run();
    });
  }
}

WorkerThreads::~WorkerThreads() { static_cast<void>(Stop()); }

bool WorkerThreads::TryPush(std::function<void()> job) {
  {
    const base::MutexLock lock(mu_);
    if (stopped_ || queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(job));
  }
  changed_.NotifyOne();
  return true;
}

std::deque<std::function<void()>> WorkerThreads::Stop() {
  std::deque<std::function<void()>> left;
  {
    const base::MutexLock lock(mu_);
    stopped_ = true;
    left.swap(queue_);
  }
  changed_.NotifyAll();
  threads_.clear();  // Joins.
  return left;
}

void WorkerThreads::Run() {
  for (;;) {
    std::function<void()> job;
    base::EventCount::Ticket ticket = 0;
    {
      const base::MutexLock lock(mu_);
      if (stopped_) return;
      ticket = changed_.Take();
      if (!queue_.empty()) {
        job = std::move(queue_.front());
        queue_.pop_front();
      }
    }
    if (job) {
      job();
    } else {
      changed_.Wait(ticket);
    }
  }
}

}  // namespace bellwether::api
