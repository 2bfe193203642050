// base/event_count.h
//
// Sleeping until something may have changed. A condition variable locks its mutex again for each thread that it wakes:
// several of them queue up behind one another and behind whoever woke them, and glibc's asks the kernel once more at
// each of their unlocks. Here a thread takes a ticket, looks (under the mutex, if there is one), and sleeps outside:
//
//   for (;;) {
//     EventCount::Ticket ticket;
//     {
//       const MutexLock lock(mu);
//       if (ready) break;
//       ticket = changed.Take();
//     }
//     changed.Wait(ticket);
//   }
//
// and whoever makes it ready notifies after the unlock. Thread-safe. For Linux: one futex.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace bellwether::base {

class EventCount {
 public:
  using Ticket = std::uint32_t;

  // Before looking at what is waited for.
  [[nodiscard]] Ticket Take() const { return events_.load(std::memory_order_acquire); }
  // Returns when notified since the ticket was taken, at once if that was before the call; or for no reason.
  void Wait(Ticket ticket);
  // The same, but returns after `timeout` at the latest.
  void WaitFor(Ticket ticket, std::chrono::nanoseconds timeout);

  // Costs no system call where nobody sleeps.
  void NotifyOne();
  void NotifyAll();

 private:
  void Notify(int sleepers_max);

  std::atomic<std::uint32_t> events_{0};
  std::atomic<std::uint32_t> sleepers_{0};
};

}  // namespace bellwether::base
