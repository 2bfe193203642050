// One entry of `receivers`.
#include <algorithm>

#include <fmt/format.h>

#include "notify/config/config_reader.h"
#include "notify/config/foreign_receiver.h"

namespace bellwether::notify {
namespace {

using yaml::FieldReader;
using yaml::YamlNode;

constexpr std::string_view kOurs[] = {"webhook_configs", "slack_configs", "pagerduty_configs"};
// What every integration has: send_resolved, http_config, timeout.
Integration ReadCommon(FieldReader& fields, std::string kind, bool send_resolved, const GlobalSettings& global,
                       ReadContext& context) {
  Integration out{.kind = std::move(kind), .http = global.http, .target = WebhookConfig{}};
  out.send_resolved = fields.Bool("send_resolved").value_or(send_resolved);
  if (const YamlNode* http = fields.Find("http_config")) out.http = ReadHttpConfig(*http, context);
  if (const std::string text = fields.Text("timeout"); !text.empty()) {
    const auto timeout = ParseGoDuration(text);
    if (!timeout)
      context.faults.Add(fields.PositionOf("timeout"), "invalid field 'timeout': write 10s, 1.5m or the like");
    if (timeout && timeout->ms > 0) out.timeout = *timeout;
  }
  return out;
}

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
  constexpr std::string_view kKnown[] = {"send_resolved", "http_config", "timeout", "url", "url_file", "max_alerts"};
  constexpr std::string_view kReserved[] = {"payload", "extended"};
  fields.RefuseUnknown(kKnown, kReserved);
  out.target = std::move(webhook);
  return out;
}

std::string TextOr(FieldReader& fields, std::string_view key, std::string_view fallback) {
  return fields.Find(key) != nullptr ? fields.Text(key) : std::string(fallback);
}

std::vector<SlackField> ReadSlackFields(FieldReader& fields, ReadContext& context) {
  std::vector<SlackField> out;
  const bool short_fields = fields.Bool("short_fields").value_or(false);
  for (const YamlNode& node : fields.List("fields")) {
    FieldReader one(node, "a Slack field", context.faults);
    SlackField field{
        .title = one.Text("title"), .value = one.Text("value"), .is_short = one.Bool("short").value_or(short_fields)};
    if (field.title.empty()) context.faults.Add(node.position, "missing title in Slack field configuration");
    if (field.value.empty()) context.faults.Add(node.position, "missing value in Slack field configuration");
    constexpr std::string_view kKnown[] = {"title", "value", "short"};
    one.RefuseUnknown(kKnown, {});
    out.push_back(std::move(field));
  }
  return out;
}

Integration ReadSlack(const YamlNode& node, const GlobalSettings& global, ReadContext& context) {
  FieldReader fields(node, "a Slack configuration", context.faults);
  Integration out = ReadCommon(fields, "slack", false, global, context);
  SlackConfig slack;
  slack.api_url = ReadSecretField(fields, "api_url", context);
  CheckUrl(slack.api_url, fields.PositionOf("api_url"), "api_url", context);
  if (slack.api_url.empty()) slack.api_url = global.slack_api_url;
  const bool own_token = fields.Find("app_token") != nullptr || fields.Find("app_token_file") != nullptr;
  const bool updates = fields.Bool("update_message").value_or(false);
  if (updates && !slack.api_url.empty()) {
    context.faults.Add(fields.PositionOf("update_message"),
                       "update_message can only be used with bot tokens. api_url must be set to "
                       "https://slack.com/api/chat.postMessage");
  } else if (slack.api_url.empty() && (own_token || global.has_slack_app_token)) {
    context.Undeliverable(node.position,
                          "Slack bot tokens (app_token) are not supported by this version; give the URL of an "
                          "incoming webhook as api_url or api_url_file");
  } else if (slack.api_url.empty()) {
    context.faults.Add(node.position, "no Slack API URL nor App token set either inline or in a file");
  }
  slack.channel = fields.Text("channel");
  slack.username = TextOr(fields, "username", R"({{ template "slack.default.username" . }})");
  slack.icon_emoji = TextOr(fields, "icon_emoji", R"({{ template "slack.default.iconemoji" . }})");
  slack.icon_url = TextOr(fields, "icon_url", R"({{ template "slack.default.iconurl" . }})");
  slack.message_text = fields.Text("message_text");
  slack.color = TextOr(fields, "color", R"({{ template "slack.default.color" . }})");
  slack.title = TextOr(fields, "title", R"({{ template "slack.default.title" . }})");
  slack.title_link = TextOr(fields, "title_link", R"({{ template "slack.default.titlelink" . }})");
  slack.pretext = TextOr(fields, "pretext", R"({{ template "slack.default.pretext" . }})");
  slack.text = TextOr(fields, "text", R"({{ template "slack.default.text" . }})");
  slack.fallback = TextOr(fields, "fallback", R"({{ template "slack.default.fallback" . }})");
  slack.callback_id = TextOr(fields, "callback_id", R"({{ template "slack.default.callbackid" . }})");
  slack.footer = TextOr(fields, "footer", R"({{ template "slack.default.footer" . }})");
  slack.image_url = fields.Text("image_url");
  slack.thumb_url = fields.Text("thumb_url");
  slack.link_names = fields.Bool("link_names").value_or(false);
  slack.fields = ReadSlackFields(fields, context);
  slack.mrkdwn_in = {"fallback", "pretext", "text"};
  if (fields.Find("mrkdwn_in") != nullptr) {
    slack.mrkdwn_in.clear();
    for (const YamlNode& item : fields.List("mrkdwn_in")) slack.mrkdwn_in.push_back(item.scalar);
  }
  constexpr std::string_view kKnown[] = {
      "send_resolved", "http_config",    "timeout",        "api_url",    "api_url_file", "channel",
      "username",      "icon_emoji",     "icon_url",       "link_names", "message_text", "color",
      "title",         "title_link",     "pretext",        "text",       "fallback",     "callback_id",
      "footer",        "fields",         "short_fields",   "image_url",  "thumb_url",    "mrkdwn_in",
      "app_token",     "app_token_file", "update_message", "actions",    "app_url"};
  for (const std::string_view key : {"actions", "app_url"}) {
    if (fields.Find(key) == nullptr) continue;
    context.Undeliverable(fields.PositionOf(key), fmt::format("field '{}' is not supported by this version", key));
  }
  fields.RefuseUnknown(kKnown, {});
  out.target = std::move(slack);
  return out;
}

void ReadPagerDutyExtras(FieldReader& fields, PagerDutyConfig& out, ReadContext& context) {
  for (const YamlNode& node : fields.List("links")) {
    FieldReader link(node, "a PagerDuty link", context.faults);
    out.links.push_back({link.Text("href"), link.Text("text")});
    constexpr std::string_view kKnown[] = {"href", "text"};
    link.RefuseUnknown(kKnown, {});
  }
  for (const YamlNode& node : fields.List("images")) {
    FieldReader image(node, "a PagerDuty image", context.faults);
    out.images.push_back({image.Text("src"), image.Text("alt"), image.Text("href")});
    constexpr std::string_view kKnown[] = {"src", "alt", "href"};
    image.RefuseUnknown(kKnown, {});
  }
  for (auto& [key, text] : fields.Texts("details")) out.details.emplace(key, text);
}

Integration ReadPagerDuty(const YamlNode& node, const GlobalSettings& global, ReadContext& context) {
  FieldReader fields(node, "a PagerDuty configuration", context.faults);
  Integration out = ReadCommon(fields, "pagerduty", true, global, context);
  PagerDutyConfig pagerduty;
  pagerduty.routing_key = ReadSecretField(fields, "routing_key", context);
  const bool version_one = fields.Find("service_key") != nullptr || fields.Find("service_key_file") != nullptr;
  if (version_one) {
    context.faults.Add(node.position, "service_key (Events API v1) is not supported by this version; use routing_key");
  } else if (pagerduty.routing_key.empty()) {
    context.faults.Add(node.position, "missing service or routing key in PagerDuty config");
  }
  pagerduty.url = TextOr(fields, "url", global.pagerduty_url);
  CheckUrl({.text = pagerduty.url, .file = {}}, fields.PositionOf("url"), "url", context);
  pagerduty.client = TextOr(fields, "client", R"({{ template "pagerduty.default.client" . }})");
  pagerduty.client_url = TextOr(fields, "client_url", R"({{ template "pagerduty.default.clientURL" . }})");
  pagerduty.description = TextOr(fields, "description", R"({{ template "pagerduty.default.description" . }})");
  pagerduty.severity = fields.Text("severity");
  pagerduty.source = TextOr(fields, "source", pagerduty.client);
  pagerduty.component = fields.Text("component");
  pagerduty.group = fields.Text("group");
  pagerduty.event_class = fields.Text("class");
  ReadPagerDutyExtras(fields, pagerduty, context);
  constexpr std::string_view kKnown[] = {
      "send_resolved", "http_config",      "timeout", "routing_key", "routing_key_file",
      "service_key",   "service_key_file", "url",     "client",      "client_url",
      "description",   "severity",         "source",  "component",   "group",
      "class",         "details",          "links",   "images"};
  fields.RefuseUnknown(kKnown, {});
  out.target = std::move(pagerduty);
  return out;
}

}  // namespace

Receiver ReadReceiver(const YamlNode& node, const GlobalSettings& global, ReadContext& context) {
  FieldReader fields(node, "a receiver", context.faults);
  Receiver receiver{.name = fields.Text("name"), .integrations = {}, .labels = {}};
  if (receiver.name.empty()) context.faults.Add(node.position, "missing name in receiver");
  const auto read = [&](std::string_view key, auto reader) {
    std::size_t index = 0;
    for (const YamlNode& one : fields.List(key)) {
      receiver.integrations.push_back(reader(one, global, context));
      receiver.integrations.back().index = index++;
    }
  };
  read("webhook_configs", ReadWebhook);
  read("slack_configs", ReadSlack);
  read("pagerduty_configs", ReadPagerDuty);
  std::vector<std::string_view> known = {"name", "labels"};
  known.insert(known.end(), std::begin(kOurs), std::end(kOurs));
  for (const yaml::YamlField& field : node.fields) {
    if (!IsForeignKind(field.key)) continue;
    known.push_back(field.key);
    if (field.value.kind != YamlNode::Kind::kNull) CheckForeignReceivers(field, receiver.name, global, context);
  }
  receiver.labels = fields.Texts("labels");
  const std::string own_name = receiver.labels.emplace("name", receiver.name).first->second;
  if (own_name != receiver.name) {
    context.faults.Add(fields.PositionOf("labels"),
                       fmt::format("the label name of a receiver is its name, \"{}\"; leave it out", receiver.name));
  }
  fields.RefuseUnknown(known, {});
  return receiver;
}

}  // namespace bellwether::notify
