// base/clock.h
//
// Where time comes from. Everything that waits or asks for the time is handed a Clock, so that a test runs a day in a
// millisecond and runs it again the same way.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

#include "base/time.h"

namespace bellwether::base {

class Clock {
 public:
  virtual ~Clock() = default;

  // Wall time, UTC. May step back when the machine's clock is set.
  [[nodiscard]] virtual TimestampMs Now() const = 0;

  // Nanoseconds that never step back, for measuring and for deadlines; the zero is arbitrary.
  [[nodiscard]] virtual std::int64_t MonotonicNanos() const = 0;

  // Returns when Now() >= `until` or as soon as `stop` is requested; false in the latter case.
  virtual bool SleepUntil(TimestampMs until, std::stop_token stop) = 0;
};

// The machine's clock. Thread-safe.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimestampMs Now() const override;
  [[nodiscard]] std::int64_t MonotonicNanos() const override;
  bool SleepUntil(TimestampMs until, std::stop_token stop) override;
};

// A clock that stands still until it is told to move. Thread-safe; sleepers wake when Advance passes their time.
class SimulatedClock final : public Clock {
 public:
  explicit SimulatedClock(TimestampMs start) : now_ms_(start.ms) {}

  [[nodiscard]] TimestampMs Now() const override { return TimestampMs(now_ms_.load()); }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return now_ms_.load() * 1'000'000; }
  bool SleepUntil(TimestampMs until, std::stop_token stop) override;

  void Advance(DurationMs by);
  void Set(TimestampMs to);

 private:
  std::atomic<std::int64_t> now_ms_;
  std::mutex mu_;
  std::condition_variable_any changed_;
};

}  // namespace bellwether::base
