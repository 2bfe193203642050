#include "notify/outbox/queue.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace bellwether::notify {
namespace {

// `message` is the newer state of what `before` was about to say.
void TakeOver(const Message& before, Message& message) {
  std::map<std::uint64_t, MessageAlert*> known;
  for (MessageAlert& alert : message.alerts) known.emplace(alert.update.labels.Fingerprint(), &alert);
  std::vector<MessageAlert> forgotten;
  for (const MessageAlert& alert : before.alerts) {
    const auto it = known.find(alert.update.labels.Fingerprint());
    if (it == known.end()) {
      if (!alert.firing) forgotten.push_back(alert);
    } else if (it->second->firing == alert.firing) {
      it->second->is_new |= alert.is_new;
    }
  }
  if (forgotten.empty()) return;
  message.alerts.insert(message.alerts.end(), forgotten.begin(), forgotten.end());
  SortAlerts(message.alerts);
}

DeliveryRecord RecordOf(const PlanContext& context, const WaitingMessage& waiting, DeliveryResult result) {
  const Message& message = waiting.message;
  DeliveryRecord record{.at = context.now,
                        .id = waiting.id,
                        .revision = waiting.revision,
                        .result = result,
                        .receiver = message.receiver,
                        .integration = message.integration,
                        .index = message.index,
                        .group_key = message.group_key,
                        .reason = message.reason,
                        .ready_at = waiting.created_at,
                        .attempts = waiting.attempts,
                        .answer = waiting.last_error,
                        .alerts = {},
                        .alert_count = message.alerts.size()};
  for (const MessageAlert& alert : message.alerts) {
    if (record.alerts.size() == kLoggedAlertsMax) break;
    record.alerts.push_back({.labels = alert.update.labels, .firing = alert.firing});
  }
  return record;
}

// A repetition is due `repeat_interval` after the words arrived, not after they were found.
void NoteArrival(const PlanContext& context, const std::string& destination, base::DurationMs announced_age,
                 Change& change) {
  const Announced* announced = AnnouncedAfter(context, change, destination);
  if (announced == nullptr || announced_age.ms == 0) return;
  Announced arrived = *announced;
  arrived.at = context.now;
  change.announced[destination] = {std::move(arrived), context.now + announced_age};
}

void GiveUp(const PlanContext& context, WaitingMessage waiting, Change& change) {
  change.log.push_back(RecordOf(context, waiting, DeliveryResult::kDead));
  change.dead.push_back(std::move(waiting));
}

}  // namespace

const WaitingMessage* WaitingAfter(const PlanContext& context, const Change& change, const std::string& destination) {
  if (const auto it = change.waiting.find(destination); it != change.waiting.end()) {
    return it->second ? &*it->second : nullptr;
  }
  const auto it = context.book.waiting.find(destination);
  return it == context.book.waiting.end() ? nullptr : &it->second;
}

const Announced* AnnouncedAfter(const PlanContext& context, const Change& change, const std::string& destination) {
  if (const auto it = change.announced.find(destination); it != change.announced.end()) {
    return it->second ? &it->second->first : nullptr;
  }
  const auto it = context.book.announced.find(destination);
  return it == context.book.announced.end() ? nullptr : &it->second;
}

void Enqueue(const PlanContext& context, const std::string& destination, Message message,
             base::DurationMs announced_age, Change& change) {
  WaitingMessage waiting;
  waiting.created_at = context.now;
  waiting.announced_age = announced_age;
  waiting.message = std::move(message);
  if (const WaitingMessage* before = WaitingAfter(context, change, destination)) {
    TakeOver(before->message, waiting.message);
    change.log.push_back(RecordOf(context, *before, DeliveryResult::kReplaced));
    waiting.id = before->id;
    waiting.revision = before->revision + 1;
    waiting.attempts = before->attempts;
    waiting.next_attempt_at = before->next_attempt_at;
    waiting.last_error = before->last_error;
  } else {
    waiting.id = change.next_id.value_or(context.book.next_id);
    waiting.next_attempt_at = context.now;
    change.next_id = waiting.id + 1;
  }
  change.waiting[destination] = std::move(waiting);
}

AttemptResult PlanAttempt(const PlanContext& context, const Attempt& attempt, Change& change) {
  const auto it = context.book.waiting.find(attempt.destination);
  if (it == context.book.waiting.end()) return AttemptResult::kGone;
  WaitingMessage waiting = it->second;
  const bool replaced = waiting.revision != attempt.sent_revision;
  const Outcome& outcome = attempt.outcome;
  ++waiting.attempts;
  waiting.last_error = outcome.reason;
  if (outcome.kind == OutcomeClass::kSuccess && !attempt.memory.empty()) {
    const base::DurationMs age = std::max(waiting.announced_age, AnnouncedAge(base::DurationMs(0)));
    change.memories[attempt.destination] = {attempt.memory, context.now + age};
  }
  if (outcome.kind == OutcomeClass::kSuccess || outcome.kind == OutcomeClass::kFatalMessage) {
    // The old text is done with; a newer one that took its place meanwhile is sent now.
    if (replaced) {
      waiting.attempts = 0;
      waiting.next_attempt_at = context.now;
      change.waiting[attempt.destination] = std::move(waiting);
      return outcome.kind == OutcomeClass::kSuccess ? AttemptResult::kDelivered : AttemptResult::kAgain;
    }
    change.waiting[attempt.destination] = std::nullopt;
    if (outcome.kind == OutcomeClass::kSuccess) {
      waiting.last_error = attempt.answer;
      change.log.push_back(RecordOf(context, waiting, DeliveryResult::kDelivered));
      NoteArrival(context, attempt.destination, waiting.announced_age, change);
      return AttemptResult::kDelivered;
    }
    GiveUp(context, std::move(waiting), change);
    return AttemptResult::kDead;
  }
  if (context.now - waiting.created_at >= kGiveUpAge) {
    change.waiting[attempt.destination] = std::nullopt;
    waiting.last_error = "given up after " + base::FormatDuration(kGiveUpAge) + ": " + waiting.last_error;
    GiveUp(context, std::move(waiting), change);
    return AttemptResult::kDead;
  }
  const base::DurationMs pause =
      outcome.kind == OutcomeClass::kFatalChannel ? kBrokenChannelProbe : outcome.retry_after.value_or(attempt.backoff);
  waiting.next_attempt_at = context.now + pause;
  change.waiting[attempt.destination] = std::move(waiting);
  return AttemptResult::kAgain;
}

base::Status PlanResend(const PlanContext& context, std::uint64_t id, Change& change) {
  const auto& dead = context.book.dead;
  const auto letter = std::find_if(dead.begin(), dead.end(), [&](const WaitingMessage& m) { return m.id == id; });
  if (letter == dead.end()) return base::NotFound(fmt::format("there is no dead letter with the number {}", id));
  const std::string destination = DestinationId(letter->message);
  if (WaitingAfter(context, change, destination) != nullptr) {
    return base::Conflict("a newer message for the same alert group and receiver waits already");
  }
  WaitingMessage waiting = *letter;
  waiting.created_at = waiting.next_attempt_at = context.now;
  waiting.attempts = 0;
  waiting.shrunk = false;
  waiting.last_error.clear();
  change.revived.push_back(id);
  change.waiting[destination] = std::move(waiting);
  return base::OkStatus();
}

}  // namespace bellwether::notify
