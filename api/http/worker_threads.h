// api/http/worker_threads.h
//
// A fixed number of threads and a bounded queue before them. A full queue refuses (the client is answered 503): work
// that waits longer than its sender does is done for nobody.
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/event_count.h"
#include "base/mutex.h"

namespace bellwether::api {

class WorkerThreads {
 public:
  // `nice`: how far the threads stand back for all others of the process, 0 to 19.
  WorkerThreads(int threads, std::size_t queue_max, int nice = 0);
  ~WorkerThreads();  // Stops.

  // False: the queue is full, or the threads were stopped. `job` must not throw.
  [[nodiscard]] bool TryPush(std::function<void()> job);

  // Waits for the jobs that run; returns those that never began.
  [[nodiscard]] std::deque<std::function<void()>> Stop();

 private:
  void Run();

  const std::size_t queue_max_;

  base::Mutex mu_;
  base::EventCount changed_;
  std::deque<std::function<void()>> queue_ BW_GUARDED_BY(mu_);
  bool stopped_ BW_GUARDED_BY(mu_) = false;

  std::vector<std::jthread> threads_;
};

}  // namespace bellwether::api
