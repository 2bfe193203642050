// base/alarm.h
//
// A sleep that another thread can cut short. Thread-safe; one thread sleeps at a time.
#pragma once

#include <stop_token>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/time.h"

namespace bellwether::base {

class Alarm {
 public:
  // `clock` outlives the alarm.
  explicit Alarm(Clock& clock) : clock_(clock) {}

  // Returns at `until`, when `stop` is requested, or when Ring was called since the last return; whatever was written
  // before Ring is visible to the caller then.
  void SleepUntil(TimestampMs until, const std::stop_token& stop);
  void Ring();

 private:
  Clock& clock_;
  Mutex mu_;
  bool rung_ BW_GUARDED_BY(mu_) = false;
  std::stop_source sleep_ BW_GUARDED_BY(mu_);  // Of the present sleep.
};

}  // namespace bellwether::base
