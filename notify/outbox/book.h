// notify/outbox/book.h
//
// Everything the dispatcher remembers: alert groups with their alerts and timers, what each integration was told last,
// messages that wait, dead letters, and how far the giver's queue has been taken. The book is in memory and, entry by
// entry, in the state store; it changes by a Change, which is first written there as one batch and then made here, so
// that at every moment the store has a state from which a new dispatcher goes on.
//
// Keys and values: docs/notifications.md, "What is stored".
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/alert_update.h"
#include "notify/outbox/delivery_log.h"
#include "notify/policy/flush.h"
#include "notify/policy/suppression.h"
#include "notify/receivers/message.h"
#include "storage/state_store.h"

namespace bellwether::notify {

struct AlertGroup {
  std::string route_id;
  std::string group_key;
  std::string receiver;
  metric::Labels group_labels;
  base::TimestampMs next_flush;
  bool flushed = false;  // The first flush, after group_wait, is over.
  // No route leads here any more, but a receiver was told of firing alerts: the group lives until it can be told that
  // they are resolved, and takes no new ones.
  bool orphan = false;
  std::map<std::uint64_t, metric::AlertUpdate> alerts;  // By fingerprint.
};

// A message that waits. There is one a destination: a newer one takes its place and keeps its turn.
struct WaitingMessage {
  std::uint64_t id = 0;        // Its turn.
  std::uint64_t revision = 0;  // Counts replacements, so that a send of the old text does not remove the new one.
  base::TimestampMs created_at;
  base::TimestampMs next_attempt_at;
  int attempts = 0;
  bool shrunk = false;                // The receiver found it too large once.
  base::DurationMs announced_age{0};  // How long it is to be remembered that this was said, from its arrival on.
  std::string last_error;
  Message message;
};

// Group, receiver and integration: what has an order of its own.
[[nodiscard]] std::string DestinationId(std::string_view group_key, std::string_view receiver,
                                        std::string_view integration, std::size_t index);
[[nodiscard]] std::string DestinationId(const Message& message);
// Distinguishes sibling routes with equal matchers, and the receivers that a route had one after another.
[[nodiscard]] std::string GroupId(std::string_view route_id, std::string_view group_key, std::string_view receiver);

// What is to change, all of it or nothing. An absent value removes.
struct Change {
  std::optional<std::uint64_t> taken;
  std::map<std::string, std::optional<AlertGroup>> groups;  // By GroupId; without alerts. Removal removes them too.
  // By fingerprint and GroupId.
  std::map<std::pair<std::uint64_t, std::string>, std::optional<metric::AlertUpdate>> alerts;
  std::map<std::string, std::optional<std::pair<Announced, base::TimestampMs>>> announced;  // With its expiry.
  std::map<std::string, std::optional<WaitingMessage>> waiting;                             // By DestinationId.
  std::vector<WaitingMessage> dead;
  std::vector<std::uint64_t> revived;                                            // Dead letters that wait again.
  std::map<std::string, std::pair<ReceiverMemory, base::TimestampMs>> memories;  // With their expiry.
  std::vector<DeliveryRecord> log;
  std::optional<std::uint64_t> next_id;
  std::array<std::uint64_t, kSuppressReasonCount> suppressed{};  // Alerts that were not told, by reason; not stored.

  [[nodiscard]] bool empty() const {
    return !taken && groups.empty() && alerts.empty() && announced.empty() && waiting.empty() && dead.empty() &&
           revived.empty() && memories.empty() && log.empty();
  }
};

struct Book {
  std::uint64_t taken = 0;
  std::uint64_t next_id = 1;
  std::map<std::string, AlertGroup> groups;
  std::unordered_map<std::uint64_t, std::vector<std::string>> holders;  // The groups of each alert.
  std::map<std::string, Announced> announced;
  std::map<std::string, WaitingMessage> waiting;
  std::deque<WaitingMessage> dead;                 // Oldest first.
  std::map<std::string, ReceiverMemory> memories;  // By DestinationId.
};

inline constexpr base::DurationMs kDeadLetterAge = base::Days(30);
inline constexpr std::size_t kDeadLettersMax = 1000;  // In memory; the store keeps all of the last 30 days.

// `book` is the one that the change is about to be made to: removing a group removes the alerts it has there.
[[nodiscard]] storage::StateBatch BatchOf(const Change& change, const Book& book, base::TimestampMs now);
void MakeChange(Change change, Book& book);

// A group without its alerts, as a Change has it.
[[nodiscard]] AlertGroup HeaderOf(const AlertGroup& group);

// What was heard last of an alert; null if no group has it.
[[nodiscard]] const metric::AlertUpdate* NewestOf(const Book& book, std::uint64_t fingerprint);

// The fingerprints of the alerts that the change is about.
[[nodiscard]] std::vector<std::uint64_t> AlertsOf(const Change& change, const Book& book);

// kCorruption, naming the key, if an entry is not what was written.
[[nodiscard]] base::Result<Book> LoadBook(const storage::StateStore& state);

}  // namespace bellwether::notify
