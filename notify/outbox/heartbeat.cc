#include "notify/outbox/heartbeat.h"

#include <utility>

#include "notify/outbox/queue.h"

namespace bellwether::notify {
namespace {

constexpr std::string_view kHeartbeatGroup = "{}/heartbeat";
constexpr base::DurationMs kHeartbeatAge = base::Days(5);

Message HeartbeatMessage(const PlanContext& context, const Receiver& receiver, const Integration& integration) {
  MessageAlert alert;
  alert.update.labels = metric::Labels{{"alertname", "Heartbeat"}, {"severity", "info"}};
  alert.update.annotations = {{"summary", "Bellwether evaluates and delivers"}};
  alert.update.starts_at = context.started_at;
  alert.update.updated_at = context.now;
  alert.update.value = 1;
  Message message;
  message.group_key = std::string(kHeartbeatGroup);
  message.receiver = receiver.name;
  message.integration = integration.kind;
  message.index = integration.index;
  message.reason = "heartbeat";
  message.group_labels = metric::Labels{{"alertname", "Heartbeat"}};
  message.alerts.push_back(std::move(alert));
  return message;
}

}  // namespace

void PlanHeartbeats(const PlanContext& context, Change& change) {
  if (context.config == nullptr) return;
  for (const auto& [name, receiver] : context.config->receivers) {
    if (receiver.heartbeat.ms == 0) continue;
    for (const Integration& integration : receiver.integrations) {
      const std::string destination = DestinationId(kHeartbeatGroup, name, integration.kind, integration.index);
      const Announced* last = AnnouncedAfter(context, change, destination);
      const bool is_due = last == nullptr || last->at + receiver.heartbeat <= context.now;
      if (!is_due || WaitingAfter(context, change, destination) != nullptr) continue;
      Message message = HeartbeatMessage(context, receiver, integration);
      change.announced[destination] = {
          Announced{context.now, {message.alerts.front().update.labels.Fingerprint()}, {}, {}},
          context.now + kHeartbeatAge};
      Enqueue(context, destination, std::move(message), kHeartbeatAge, change);
    }
  }
}

}  // namespace bellwether::notify
