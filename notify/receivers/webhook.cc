// Alertmanager's webhook, version 4.
#include <cmath>

#include "base/number.h"
#include "notify/receivers/links.h"
#include "notify/receivers/render_parts.h"
#include "notify/receivers/structured.h"

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
      {"fingerprint", FingerprintText(alert)},
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

OrderedJson FingerprintsOf(const Message& message, bool firing, bool is_new) {
  OrderedJson out = OrderedJson::array();
  for (const MessageAlert& alert : message.alerts) {
    if (alert.firing == firing && alert.is_new == is_new) out.push_back(FingerprintText(alert));
  }
  return out;
}

OrderedJson ExtendedAlert(const MessageAlert& alert, const RenderContext& context) {
  const metric::AlertUpdate& update = alert.update;
  OrderedJson out = {{"fingerprint", FingerprintText(alert)},
                     {"value", update.value},
                     {"valueString", base::FormatNumberG(update.value)}};
  if (!std::isfinite(update.value)) out["value"] = nullptr;
  if (!update.condition.empty()) out["condition"] = update.condition;
  if (update.peak) out["peakValue"] = *update.peak;
  for (const metric::AlertLevel& level : update.levels) {
    out["levels"].push_back({{"severity", level.severity}, {"since", base::FormatRfc3339(level.since)}});
  }
  for (const metric::AlertSignal& signal : update.signals) {
    OrderedJson one = {{"name", signal.name}, {"state", signal.state}, {"condition", signal.condition}};
    if (signal.value) one["value"] = *signal.value;
    if (signal.since) one["since"] = base::FormatRfc3339(*signal.since);
    out["signals"].push_back(std::move(one));
  }
  if (update.explains.count > 0) {
    out["explains"] = {{"count", update.explains.count}, {"some", OrderedJson::array()}};
    for (const metric::Labels& labels : update.explains.some) out["explains"]["some"].push_back(LabelsJson(labels));
  }
  const std::pair<const char*, std::string> links[] = {
      {"graphURL", GraphUrl(alert, context.now)},
      {"silenceURL", SilenceUrl(update.labels, context.external_url)},
      {"dashboardURL", DashboardUrl(alert)},
      {"runbookURL", AnnotationText(update.annotations, "runbook_url")}};
  for (const auto& [name, url] : links) {
    if (!url.empty()) out[name] = url;
  }
  return out;
}

// What is ours, in a key that other readers skip.
OrderedJson Extension(const Message& message, const std::vector<const MessageAlert*>& chosen, const MessageView& view,
                      const RenderContext& context) {
  OrderedJson out = {{"receiverName", message.receiver},
                     {"severity", view.severity},
                     {"newFiring", FingerprintsOf(message, true, true)},
                     {"newResolved", FingerprintsOf(message, false, true)},
                     {"stillFiring", FingerprintsOf(message, true, false)},
                     {"alerts", OrderedJson::array()}};
  for (const MessageAlert* alert : chosen) out["alerts"].push_back(ExtendedAlert(*alert, context));
  return out;
}

}  // namespace

base::Result<RenderedBody> RenderWebhook(const WebhookConfig& config, const Message& message,
                                         const TextRenderer& renderer, const RenderContext& context) {
  BW_ASSIGN_OR_RETURN(const std::string url, ReadSecret(config.url));
  RenderedBody out;
  BW_ASSIGN_OR_RETURN(out.url, renderer.Render("url", url));
  if (config.payload.kind == TextTree::Kind::kMap) {
    BW_ASSIGN_OR_RETURN(out.body, RenderTree(config.payload, "payload", renderer));
    return out;
  }
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
  if (config.extended) out.body["bellwether"] = Extension(message, chosen, view, context);
  return out;
}

}  // namespace bellwether::notify
