#include "base/event_count.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/mutex.h"

namespace bellwether::base {
namespace {

TEST(EventCount, ReturnsAtOnceIfNotifiedSinceTheTicketWasTaken) {
  EventCount events;
  const EventCount::Ticket ticket = events.Take();
  events.NotifyOne();
  events.Wait(ticket);
  events.WaitFor(ticket, std::chrono::hours(1));
}

TEST(EventCount, ReturnsWithoutANotificationAfterTheTimeout) {
  EventCount events;
  events.WaitFor(events.Take(), std::chrono::nanoseconds(1));
  events.WaitFor(events.Take(), std::chrono::nanoseconds(-1));
}

// Of a number of items each is taken once, though each wakes one thread only.
TEST(EventCountThreads, NotifyOneIsEnoughForOneItem) {
  constexpr int kThreads = 4;
  constexpr int kItems = 20'000;
  EventCount changed;
  Mutex mu;
  int items = 0;
  int taken = 0;
  bool ended = false;
  const auto take = [&] {
    for (;;) {
      EventCount::Ticket ticket = 0;
      {
        const MutexLock lock(mu);
        if (items == 0 && ended) return;
        ticket = changed.Take();
        if (items > 0) {
          --items;
          ++taken;
          continue;
        }
      }
      changed.Wait(ticket);
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(take);
  for (int i = 0; i < kItems; ++i) {
    {
      const MutexLock lock(mu);
      ++items;
    }
    changed.NotifyOne();
  }
  {
    const MutexLock lock(mu);
    ended = true;
  }
  changed.NotifyAll();
  threads.clear();
  EXPECT_EQ(taken, kItems);
}

// Threads that go from step to step together: nobody sleeps through one.
TEST(EventCountThreads, NotifyAllReachesEverybody) {
  constexpr int kThreads = 4;
  constexpr int kSteps = 5'000;
  EventCount changed;
  std::atomic<int> arrivals{0};
  const auto walk = [&] {
    for (int step = 1; step <= kSteps; ++step) {
      if (arrivals.fetch_add(1) + 1 == step * kThreads) changed.NotifyAll();
      for (;;) {
        const EventCount::Ticket ticket = changed.Take();
        if (arrivals.load() >= step * kThreads) break;
        changed.Wait(ticket);
      }
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(walk);
  threads.clear();
  EXPECT_EQ(arrivals.load(), kThreads * kSteps);
}

}  // namespace
}  // namespace bellwether::base
