// notify/outbox/planner.h
//
// Given the book, the configuration and the time: what an alert update, a flush, a new configuration or a receiver's
// answer changes. Pure: reads the book, writes a Change.
#pragma once

#include <span>
#include <string>

#include "base/time.h"
#include "metric/alert_update.h"
#include "notify/config/config.h"
#include "notify/outbox/book.h"
#include "notify/policy/outcome.h"
#include "notify/policy/suppression.h"

namespace bellwether::notify {

struct PlanContext {
  const Book& book;
  const Config* config = nullptr;  // Null: nothing is notified.
  base::TimestampMs now;
  base::TimestampMs started_at;              // Of the process; see EffectiveEnd.
  const Suppression* suppression = nullptr;  // Null: nothing is suppressed.
};

// Updates up to the last one taken are ignored. A firing alert joins the group of each route that takes it; a
// resolution reaches the groups that know the alert.
void PlanUpdates(const PlanContext& context, std::span<const metric::AlertUpdate> updates, Change& change);

// The same for alerts of foreign senders: each is merged with what is known of it, in order.
void PlanPosted(const PlanContext& context, std::span<const metric::AlertUpdate> alerts, Change& change);

// Flushes the groups that are due: messages are queued, timers set, resolved alerts forgotten.
void PlanFlush(const PlanContext& context, Change& change);

// Puts the known alerts into the groups that the configuration asks for.
void PlanRegroup(const PlanContext& context, Change& change);

// What became of one attempt to send the message of `destination`. `sent_revision` is the text that was sent.
struct Attempt {
  std::string destination;
  std::uint64_t sent_revision = 0;
  Outcome outcome;
  base::DurationMs backoff;    // Where the outcome names no pause.
  std::string answer = {};     // What the receiver said.
  ReceiverMemory memory = {};  // What it left, of a success.
};
enum class AttemptResult : std::uint8_t { kGone, kDelivered, kAgain, kDead };
AttemptResult PlanAttempt(const PlanContext& context, const Attempt& attempt, Change& change);

// A dead letter waits again, from now on. kNotFound if there is none of that number; kConflict if a newer message for
// the same destination waits, which says more.
[[nodiscard]] base::Status PlanResend(const PlanContext& context, std::uint64_t id, Change& change);

}  // namespace bellwether::notify
