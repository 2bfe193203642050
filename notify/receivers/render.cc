#include "notify/receivers/render.h"

#include <utility>

#include "notify/config/http_request.h"
#include "notify/receivers/render_parts.h"

namespace bellwether::notify {
namespace {

base::Result<RenderedBody> RenderBody(const Integration& integration, const Message& message,
                                      const TextRenderer& renderer, const RenderContext& context) {
  if (const auto* webhook = std::get_if<WebhookConfig>(&integration.target)) {
    return RenderWebhook(*webhook, message, renderer, context);
  }
  if (const auto* slack = std::get_if<SlackConfig>(&integration.target)) {
    return RenderSlack(*slack, message, renderer, context);
  }
  return RenderPagerDuty(std::get<PagerDutyConfig>(integration.target), message, renderer, context);
}

// One firing and one resolved alert with the labels and annotations that texts usually name.
Message SampleMessage(bool firing) {
  metric::AlertUpdate update;
  update.labels =
      metric::Labels{{"alertname", "Sample"}, {"severity", "warning"}, {"job", "sample"}, {"instance", "sample"}};
  update.annotations = {
      {"summary", "sample"}, {"description", "sample"}, {"runbook_url", "https://example.org/sample"}};
  update.starts_at = update.updated_at = base::TimestampMs(1'700'000'000'000);
  Message message;
  message.group_key = "{}:{}";
  message.receiver = "sample";
  message.reason = "first notification";
  message.group_labels = metric::Labels{{"alertname", "Sample"}};
  message.alerts.push_back({.update = update, .firing = firing, .ended_at = update.starts_at + base::Minutes(1)});
  update.labels = metric::Labels{{"alertname", "Sample"}, {"severity", "critical"}};
  message.alerts.push_back({.update = update, .firing = false, .ended_at = update.starts_at + base::Minutes(1)});
  return message;
}

// A copy without what is only known when it is sent.
Integration WithoutSecrets(Integration integration) {
  integration.http = HttpConfig();
  const auto known = [](Secret& secret) {
    if (!secret.file.empty()) secret = {.text = "https://example.org/", .file = {}};
  };
  if (auto* webhook = std::get_if<WebhookConfig>(&integration.target)) known(webhook->url);
  if (auto* slack = std::get_if<SlackConfig>(&integration.target)) known(slack->api_url);
  if (auto* pagerduty = std::get_if<PagerDutyConfig>(&integration.target)) known(pagerduty->routing_key);
  return integration;
}

}  // namespace

base::Result<base::HttpClientRequest> RenderRequest(const Integration& integration, const Message& message,
                                                    const RenderContext& context) {
  const TextRenderer renderer(message, context);
  BW_ASSIGN_OR_RETURN(const RenderedBody rendered, RenderBody(integration, message, renderer, context));
  base::HttpClientRequest request;
  request.url = rendered.url;
  request.timeout = integration.timeout;
  request.body = JsonText(rendered.body);
  request.headers = {{"Content-Type", "application/json"}, {"User-Agent", "Alertmanager/0.34.0 (Bellwether)"}};
  if (!context.idempotency_key.empty()) request.headers.emplace_back("Idempotency-Key", context.idempotency_key);
  for (const auto& header : integration.http.headers) request.headers.push_back(header);
  BW_RETURN_IF_ERROR(ApplyHttpConfig(integration.http, request));
  return request;
}

base::Status CheckRendering(const Integration& integration, const templating::TemplateSet& templates) {
  const Integration checked = WithoutSecrets(integration);
  for (const bool firing : {true, false}) {
    const RenderContext context{.templates = templates,
                                .external_url = "https://example.org",
                                .now = base::TimestampMs(1'700'000'100'000),
                                .idempotency_key = {}};
    const auto request = RenderRequest(checked, SampleMessage(firing), context);
    if (!request.ok()) return request.status();
  }
  return base::OkStatus();
}

}  // namespace bellwether::notify
