#include "base/clock.h"

#include <thread>
#include <utility>

#include <gtest/gtest.h>

namespace bellwether::base {
namespace {

TEST(SimulatedClockThreads, SleepersWakeWhenTheirTimeComesOrTheyAreStopped) {
  SimulatedClock clock(TimestampMs(1000));
  bool woke = false;
  std::jthread sleeper([&](std::stop_token stop) { woke = clock.SleepUntil(TimestampMs(2000), std::move(stop)); });
  clock.Advance(DurationMs(999));
  clock.Advance(DurationMs(1));
  sleeper.join();
  EXPECT_TRUE(woke);

  bool reached = true;
  std::jthread stopped([&](std::stop_token stop) { reached = clock.SleepUntil(TimestampMs(9000), std::move(stop)); });
  stopped.request_stop();
  stopped.join();
  EXPECT_FALSE(reached);
}

TEST(SystemClock, DoesNotSleepForThePast) {
  SystemClock clock;
  EXPECT_TRUE(clock.SleepUntil(clock.Now() - Hours(1), {}));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(clock.SleepUntil(clock.Now() + Hours(1), stop.get_token()));
}

}  // namespace
}  // namespace bellwether::base
