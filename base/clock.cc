#include "base/clock.h"

#include <chrono>

namespace bellwether::base {
namespace {

// The wall clock may be set while we sleep, so a long sleep is taken in pieces of this length.
constexpr std::int64_t kSleepSliceMs = 1000;

}  // namespace

TimestampMs SystemClock::Now() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return TimestampMs(std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count());
}

std::int64_t SystemClock::MonotonicNanos() const {
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since_start).count();
}

bool SystemClock::SleepUntil(TimestampMs until, std::stop_token stop) {
  std::mutex mu;
  std::condition_variable_any never;
  std::unique_lock lock(mu);
  while (!stop.stop_requested()) {
    const std::int64_t left = until.ms - Now().ms;
    if (left <= 0) return true;
    never.wait_for(lock, stop, std::chrono::milliseconds(left < kSleepSliceMs ? left : kSleepSliceMs),
                   [] { return false; });
  }
  return false;
}

bool SimulatedClock::SleepUntil(TimestampMs until, std::stop_token stop) {
  std::unique_lock lock(mu_);
  changed_.wait(lock, stop, [&] { return now_ms_.load() >= until.ms; });
  return now_ms_.load() >= until.ms;
}

void SimulatedClock::Advance(DurationMs by) {
  {
    const std::lock_guard lock(mu_);
    now_ms_ += by.ms;
  }
  changed_.notify_all();
}

void SimulatedClock::Set(TimestampMs to) {
  {
    const std::lock_guard lock(mu_);
    now_ms_ = to.ms;
  }
  changed_.notify_all();
}

}  // namespace bellwether::base
