// notify/outbox/queue.h
//
// What waits for a destination: how a message joins, what takes its place, and what an attempt to send it changes.
// Pure, like planner.h.
#pragma once

#include <algorithm>
#include <string>

#include "base/time.h"
#include "notify/outbox/book.h"
#include "notify/outbox/planner.h"

namespace bellwether::notify {

// How long it is remembered what a destination was told.
[[nodiscard]] inline base::DurationMs AnnouncedAge(base::DurationMs repeat_interval) {
  return std::max(base::Days(5), repeat_interval * 2);
}

// As it will be: what the change says, else what the book has; null if nothing waits or was told.
[[nodiscard]] const WaitingMessage* WaitingAfter(const PlanContext& context, const Change& change,
                                                 const std::string& destination);
[[nodiscard]] const Announced* AnnouncedAfter(const PlanContext& context, const Change& change,
                                              const std::string& destination);

// Queues `message`. One that waits for the same destination gives up its place, and leaves what only it says: ends of
// alerts that the newer state has forgotten, and that they, or what fires, were news.
void Enqueue(const PlanContext& context, const std::string& destination, Message message,
             base::DurationMs announced_age, Change& change);

}  // namespace bellwether::notify
