// storage/rocks/seal_backlog.h
//
// Keeps memory bounded when data come faster than they are sealed, as when a day is sent in a few seconds: the sealer
// says that too much waits for it, and commits wait until it has caught up. Nobody waits otherwise; asking costs one
// load.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <chrono>

#include "base/mutex.h"

namespace bellwether::storage {

class SealBacklog {
 public:
  // By the sealer.
  void SetFull(bool full) {
    {
      const base::MutexLock lock(mu_);
      full_.store(full, std::memory_order_relaxed);
    }
    if (!full) changed_.NotifyAll();
  }

  [[nodiscard]] bool IsFull() const { return full_.load(std::memory_order_relaxed); }

  // By a commit: returns when there is room, or after kWaitMax, so that a sealer that cannot go on slows commits down
  // and does not stop them.
  void WaitForRoom() {
    const auto until = std::chrono::steady_clock::now() + kWaitMax;
    const base::MutexLock lock(mu_);
    while (IsFull() && std::chrono::steady_clock::now() < until) changed_.WaitFor(mu_, kWaitMax);
  }

 private:
  static constexpr std::chrono::milliseconds kWaitMax{2000};

  base::Mutex mu_;
  base::CondVar changed_;
  std::atomic<bool> full_{false};  // Changed under mu_.
};

}  // namespace bellwether::storage
