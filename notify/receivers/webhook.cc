// Alertmanager's webhook, version 4.
#include <fmt/format.h>

#include "notify/policy/flush.h"
#include "notify/receivers/render_parts.h"

namespace bellwether::notify {
namespace {

OrderedJson WebhookAlert(const MessageAlert& alert) {
  return {
      {"status", alert.firing ? "firing" : "resolved"},
      {"labels", LabelsJson(alert.update.labels)},
      {"annotations", AnnotationsJson(alert.update.annotations)},
      {"startsAt", base::FormatRfc3339(alert.update.starts_at)},
      {"endsAt", EndText(alert)},
      {"generatorURL", alert.update.generator_url},
      {"fingerprint", fmt::format("{:016x}", alert.update.labels.Fingerprint())},
  };
}

// The first `max` alerts (0: all), firing ones before resolved ones where some must go, else in the message's order.
std::vector<const MessageAlert*> ChosenAlerts(const Message& message, std::size_t max) {
  std::vector<const MessageAlert*> out;
  if (max == 0 || message.alerts.size() <= max) {
    for (const MessageAlert& alert : message.alerts) out.push_back(&alert);
    return out;
  }
  for (const bool firing : {true, false}) {
    for (const MessageAlert& alert : message.alerts) {
      if (alert.firing == firing && out.size() < max) out.push_back(&alert);
    }
  }
  return out;
}

}  // namespace

base::Result<RenderedBody> RenderWebhook(const WebhookConfig& config, const Message& message,
                                         const TextRenderer& renderer, const RenderContext& context) {
  BW_ASSIGN_OR_RETURN(const std::string url, ReadSecret(config.url));
  RenderedBody out;
  BW_ASSIGN_OR_RETURN(out.url, renderer.Render("url", url));
  const auto chosen = ChosenAlerts(message, config.max_alerts);
  OrderedJson alerts = OrderedJson::array();
  for (const MessageAlert* alert : chosen) alerts.push_back(WebhookAlert(*alert));
  const MessageView& view = renderer.view();
  out.body = {
      {"receiver", QuoteRegex(message.receiver)},
      {"status", view.status},
      {"alerts", std::move(alerts)},
      {"notification_reason", message.reason},
      {"groupLabels", LabelsJson(message.group_labels)},
      {"commonLabels", LabelsJson(view.common_labels)},
      {"commonAnnotations", AnnotationsJson(view.common_annotations)},
      {"routeLabels", OrderedJson::object()},
      {"externalURL", context.external_url},
      {"version", "4"},
      {"groupKey", message.group_key},
      {"truncatedAlerts", message.alerts.size() - chosen.size()},
  };
  return out;
}

}  // namespace bellwether::notify
