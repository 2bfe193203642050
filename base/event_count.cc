#include "base/event_count.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>

namespace bellwether::base {
namespace {

// Sleeps while `word` is `value`; for ever if there is no timeout.
void SleepOnFutex(std::atomic<std::uint32_t>& word, std::uint32_t value, const timespec* timeout) {
  static_assert(sizeof(word) == sizeof(std::uint32_t));
  ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, timeout, nullptr, 0);
}

}  // namespace

void EventCount::Wait(Ticket ticket) {
  sleepers_.fetch_add(1);
  SleepOnFutex(events_, ticket, nullptr);
  sleepers_.fetch_sub(1);
}

void EventCount::WaitFor(Ticket ticket, std::chrono::nanoseconds timeout) {
  if (timeout.count() <= 0) return;
  constexpr std::int64_t kSecond = 1'000'000'000;
  const timespec relative{static_cast<time_t>(timeout.count() / kSecond), static_cast<long>(timeout.count() % kSecond)};
  sleepers_.fetch_add(1);
  SleepOnFutex(events_, ticket, &relative);
  sleepers_.fetch_sub(1);
}

// Either a sleeper is counted before the look below, or its call to the kernel comes after the event and returns.
void EventCount::Notify(int sleepers_max) {
  events_.fetch_add(1);
  if (sleepers_.load() > 0) ::syscall(SYS_futex, &events_, FUTEX_WAKE_PRIVATE, sleepers_max, nullptr, nullptr, 0);
}

void EventCount::NotifyOne() { Notify(1); }
void EventCount::NotifyAll() { Notify(INT_MAX); }

}  // namespace bellwether::base
