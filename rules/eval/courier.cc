#include "rules/eval/courier.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>

#include "base/log.h"

namespace bellwether::rules {

void Courier::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void Courier::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Courier::RunOnce() {
  const base::Status status = queue_.Deliver();
  if (!status.ok())
    BW_LOG_EVERY(std::chrono::seconds(10), kWarning, "alert updates wait to be taken", {"owed", queue_.Size()},
                 {"error", status});
  orphans_.EndDue(storage_, clock_.Now());
}

void Courier::Run(const std::stop_token& stop) {
  base::DurationMs pause = kPauseMin;
  base::TimestampMs retry_at = base::TimestampMs::Min();
  while (!stop.stop_requested()) {
    const base::TimestampMs now = clock_.Now();
    try {
      if (queue_.HasDeliverable() && now >= retry_at) {
        const base::Status status = queue_.Deliver();
        retry_at = status.ok() ? base::TimestampMs::Min() : now + pause;
        pause = status.ok() ? kPauseMin : std::min(pause * 2, kPauseMax);
        if (!status.ok())
          BW_LOG_EVERY(std::chrono::seconds(10), kWarning, "alert updates wait to be taken", {"owed", queue_.Size()},
                       {"error", status});
      }
      orphans_.EndDue(storage_, now);
    } catch (const std::exception& e) {
      BW_LOG(kError, "internal error while alert updates were handed over", {"error", std::string(e.what())});
      retry_at = now + pause;
    }
    base::TimestampMs wake = orphans_.NextDue();
    if (queue_.HasDeliverable()) wake = std::min(wake, retry_at);
    alarm_.SleepUntil(wake, stop);
  }
}

}  // namespace bellwether::rules
