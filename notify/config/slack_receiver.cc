#include "notify/config/receiver_reader.h"

namespace bellwether::notify {
namespace {

using yaml::FieldReader;
using yaml::YamlNode;

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

std::vector<SlackAction> ReadSlackActions(FieldReader& fields, ReadContext& context) {
  std::vector<SlackAction> out;
  for (const YamlNode& node : fields.List("actions")) {
    FieldReader one(node, "a Slack action", context.faults);
    SlackAction action{.type = one.Text("type"),
                       .text = one.Text("text"),
                       .url = one.Text("url"),
                       .style = one.Text("style"),
                       .name = one.Text("name"),
                       .value = one.Text("value"),
                       .confirm_title = {},
                       .confirm_text = {},
                       .confirm_ok = {},
                       .confirm_dismiss = {}};
    if (action.type.empty()) context.faults.Add(node.position, "missing type in Slack action configuration");
    if (action.text.empty()) context.faults.Add(node.position, "missing text in Slack action configuration");
    if (action.url.empty() && action.name.empty()) {
      context.faults.Add(node.position, "missing name or url in Slack action configuration");
    }
    if (const YamlNode* confirm = one.Find("confirm")) {
      FieldReader asked(*confirm, "a confirmation", context.faults);
      action.confirm_title = asked.Text("title");
      action.confirm_text = asked.Text("text");
      action.confirm_ok = asked.Text("ok_text");
      action.confirm_dismiss = asked.Text("dismiss_text");
      if (action.confirm_text.empty()) {
        context.faults.Add(confirm->position, "missing text in Slack confirmation configuration");
      }
      constexpr std::string_view kKnown[] = {"title", "text", "ok_text", "dismiss_text"};
      asked.RefuseUnknown(kKnown, {});
    }
    constexpr std::string_view kKnown[] = {"type", "text", "url", "style", "name", "value", "confirm"};
    one.RefuseUnknown(kKnown, {});
    out.push_back(std::move(action));
  }
  return out;
}

// An incoming webhook, or an app with its token.
void ReadSlackAccess(FieldReader& fields, const YamlNode& node, const GlobalSettings& global, Integration& out,
                     SlackConfig& slack, ReadContext& context) {
  slack.api_url = ReadSecretField(fields, "api_url", context);
  CheckUrl(slack.api_url, fields.PositionOf("api_url"), "api_url", context);
  slack.app_token = ReadSecretField(fields, "app_token", context);
  std::string app_url = TextOr(fields, "app_url", global.slack_app_url);
  CheckUrl({.text = app_url}, fields.PositionOf("app_url"), "app_url", context);
  if (!slack.api_url.empty() && !slack.app_token.empty() && slack.api_url.text != app_url) {
    context.faults.Add(fields.PositionOf("app_token"),
                       "at most one of app_token/app_token_file & api_url/api_url_file must be configured");
  }
  if (slack.api_url.empty() && slack.app_token.empty()) {
    // An authorization of its own, the way before there were app tokens, stands for the global token.
    if (out.http.authorization_type.empty()) slack.app_token = global.slack_app_token;
    if (slack.app_token.empty()) slack.api_url = global.slack_api_url;
  }
  slack.update_message = fields.Bool("update_message").value_or(false);
  const bool speaks_web_api = !slack.app_token.empty() || slack.api_url.text == kSlackPostUrl;
  if (slack.update_message && !speaks_web_api) {
    context.faults.Add(fields.PositionOf("update_message"),
                       "update_message can only be used with bot tokens. api_url must be set to "
                       "https://slack.com/api/chat.postMessage");
  }
  if (slack.app_token.empty()) {
    if (slack.api_url.empty()) {
      context.faults.Add(node.position, "no Slack API URL nor App token set either inline or in a file");
    }
    return;
  }
  if (!out.http.authorization_type.empty()) {
    context.faults.Add(node.position, "http authorization can't be set when using Slack App tokens");
  }
  slack.api_url = {.text = std::move(app_url)};
}

}  // namespace

Integration ReadSlack(const YamlNode& node, const GlobalSettings& global, ReadContext& context) {
  FieldReader fields(node, "a Slack configuration", context.faults);
  Integration out = ReadCommon(fields, "slack", false, global, context);
  SlackConfig slack;
  ReadSlackAccess(fields, node, global, out, slack, context);
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
  slack.actions = ReadSlackActions(fields, context);
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
  fields.RefuseUnknown(kKnown, {});
  out.target = std::move(slack);
  return out;
}

}  // namespace bellwether::notify
