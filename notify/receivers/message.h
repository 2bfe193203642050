// notify/receivers/message.h
//
// A notification before it has a form: which alert group, for which integration, with which alerts. This is what waits
// in the outbox; it is rendered when it is sent, with the configuration of that moment, so that no secret is ever
// stored and a corrected URL or template takes effect on what still waits.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "metric/alert_update.h"

namespace bellwether::notify {

// What a receiver left that later messages of the same group need: the place of Slack's post, the thread of mails.
using ReceiverMemory = std::map<std::string, std::string, std::less<>>;

// Message::reason of a state behind which there is no other.
inline constexpr std::string_view kFirstNotification = "first notification";

struct MessageAlert {
  metric::AlertUpdate update;
  bool firing = true;
  base::TimestampMs ended_at;  // Meaningful unless firing.
  bool is_new = false;         // The receiver has not been told that it fires, or that it does not.
  friend bool operator==(const MessageAlert&, const MessageAlert&) = default;
};

struct Message {
  std::string group_key;
  std::string receiver;
  std::string integration;
  std::size_t index = 0;
  std::string reason;  // NotifyReasonText.
  metric::Labels group_labels;
  std::vector<MessageAlert> alerts;  // In the order of SortAlerts. Not empty.
  friend bool operator==(const Message&, const Message&) = default;

  [[nodiscard]] bool IsFiring() const;
};

// Alertmanager's order of label sets: smaller ones first; among those of one size by the names of both in order, where
// a set that lacks a name comes first.
[[nodiscard]] bool Precedes(const metric::Labels& a, const metric::Labels& b);

// Puts alerts in the order in which messages show them: by job, by instance (those without last), then as above.
void SortAlerts(std::vector<MessageAlert>& alerts);

// Versioned bytes for the state store, and back; false on bytes that were not made so.
[[nodiscard]] std::string ReceiverMemoryBytes(const ReceiverMemory& memory);
[[nodiscard]] bool ReadReceiverMemory(std::string_view in, ReceiverMemory& memory);
void EncodeMessage(const Message& message, std::string& out);
[[nodiscard]] bool DecodeMessage(std::string_view& in, Message& message);

}  // namespace bellwether::notify
