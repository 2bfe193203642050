#include "base/alarm.h"

#include <utility>

namespace bellwether::base {

void Alarm::SleepUntil(TimestampMs until, const std::stop_token& stop) {
  std::stop_source sleep;
  {
    const MutexLock lock(mu_);
    if (std::exchange(rung_, false)) return;
    sleep_ = sleep;
  }
  {
    const std::stop_callback on_stop(stop, [&sleep] { sleep.request_stop(); });
    clock_.SleepUntil(until, sleep.get_token());
  }
  const MutexLock lock(mu_);
  rung_ = false;
}

void Alarm::Ring() {
  std::stop_source sleep(std::nostopstate);
  {
    const MutexLock lock(mu_);
    rung_ = true;
    std::stop_source(sleep_).swap(sleep);
  }
  sleep.request_stop();
}

}  // namespace bellwether::base
