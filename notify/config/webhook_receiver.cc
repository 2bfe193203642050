#include <algorithm>

#include "notify/config/receiver_reader.h"

namespace bellwether::notify {
namespace {

using yaml::FieldReader;
using yaml::YamlNode;

// Ours: signing: {keys: […], key_files: […], hub_secret: …}
void ReadSigning(const YamlNode& node, WebhookConfig& out, ReadContext& context) {
  FieldReader fields(node, "signing", context.faults);
  for (const YamlNode& key : fields.List("keys")) out.signing_keys.push_back({.text = key.scalar});
  for (const YamlNode& file : fields.List("key_files")) out.signing_keys.push_back({.file = context.Path(file.scalar)});
  out.hub_secret = ReadSecretField(fields, "hub_secret", context);
  if (out.signing_keys.empty() && out.hub_secret.empty()) {
    context.faults.Add(node.position, "signing needs keys, key_files or hub_secret");
  }
  constexpr std::string_view kKnown[] = {"keys", "key_files", "hub_secret", "hub_secret_file"};
  fields.RefuseUnknown(kKnown, {});
}

}  // namespace

Integration ReadWebhook(const YamlNode& node, const GlobalSettings& global, ReadContext& context) {
  FieldReader fields(node, "a webhook configuration", context.faults);
  Integration out = ReadCommon(fields, "webhook", true, global, context);
  WebhookConfig webhook;
  webhook.url = ReadSecretField(fields, "url", context);
  if (webhook.url.empty()) context.faults.Add(node.position, "one of url or url_file must be configured");
  CheckUrl(webhook.url, fields.PositionOf("url"), "url", context);
  const std::int64_t max_alerts = fields.Integer("max_alerts").value_or(0);
  if (max_alerts < 0) context.faults.Add(fields.PositionOf("max_alerts"), "field 'max_alerts' must not be negative");
  webhook.max_alerts = static_cast<std::size_t>(std::max<std::int64_t>(max_alerts, 0));
  if (const YamlNode* payload = fields.Find("payload")) {
    webhook.payload = ReadTextTree(*payload);
    if (webhook.payload.kind != TextTree::Kind::kMap) {
      context.faults.Add(payload->position, "field 'payload' must be a mapping");
    }
  }
  webhook.extended = fields.Bool("extended").value_or(false);
  if (const YamlNode* signing = fields.Find("signing")) ReadSigning(*signing, webhook, context);
  constexpr std::string_view kKnown[] = {"send_resolved", "http_config", "timeout",  "url",    "url_file",
                                         "max_alerts",    "payload",     "extended", "signing"};
  fields.RefuseUnknown(kKnown, {});
  out.target = std::move(webhook);
  return out;
}

}  // namespace bellwether::notify
