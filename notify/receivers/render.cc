#include "notify/receivers/render.h"

#include <utility>

#include "notify/config/http_request.h"
#include "notify/receivers/render_parts.h"
#include "notify/receivers/signature.h"

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

// What only the one receiver asks for: a token, signatures over the very bytes.
base::Status AddOwnHeaders(const Integration& integration, const RenderContext& context,
                           base::HttpClientRequest& request) {
  if (const auto* slack = std::get_if<SlackConfig>(&integration.target);
      slack != nullptr && !slack->app_token.empty()) {
    BW_ASSIGN_OR_RETURN(const std::string token, ReadSecret(slack->app_token));
    request.headers.emplace_back("Authorization", "Bearer " + token);
  }
  const auto* webhook = std::get_if<WebhookConfig>(&integration.target);
  if (webhook == nullptr) return base::OkStatus();
  std::vector<std::string> keys;
  for (const Secret& key : webhook->signing_keys) {
    BW_ASSIGN_OR_RETURN(keys.emplace_back(), ReadSecret(key));
  }
  if (!keys.empty()) {
    BW_ASSIGN_OR_RETURN(const base::HttpHeaders signatures,
                        SignStandard(keys, context.idempotency_key, context.now, request.body));
    request.headers.insert(request.headers.end(), signatures.begin(), signatures.end());
  }
  if (webhook->hub_secret.empty()) return base::OkStatus();
  BW_ASSIGN_OR_RETURN(const std::string secret, ReadSecret(webhook->hub_secret));
  request.headers.emplace_back("X-Hub-Signature-256", HubSignature(secret, request.body));
  return base::OkStatus();
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
  if (auto* webhook = std::get_if<WebhookConfig>(&integration.target)) {
    known(webhook->url);
    std::erase_if(webhook->signing_keys, [](const Secret& key) { return !key.file.empty(); });
    webhook->hub_secret = {};
  }
  if (auto* slack = std::get_if<SlackConfig>(&integration.target)) {
    known(slack->api_url);
    slack->app_token = {};
  }
  if (auto* pagerduty = std::get_if<PagerDutyConfig>(&integration.target)) {
    known(pagerduty->routing_key);
    known(pagerduty->service_key);
  }
  if (auto* email = std::get_if<EmailConfig>(&integration.target)) {
    email->password = email->secret = {};
    email->tls = {};
  }
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
  BW_RETURN_IF_ERROR(AddOwnHeaders(integration, context, request));
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
    const Message sample = SampleMessage(firing);
    const base::Status status = checked.kind == "email" ? RenderMail(checked, sample, context).status()
                                                        : RenderRequest(checked, sample, context).status();
    if (!status.ok()) return status;
  }
  return base::OkStatus();
}

}  // namespace bellwether::notify
