// notify/config/integrations.h
//
// What a receiver consists of: Slack, PagerDuty, webhook and mail integrations with everything from `global` filled in.
// Texts are templates unless it says otherwise.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/mail_client.h"
#include "base/time.h"
#include "notify/config/http_config.h"
#include "notify/config/text_tree.h"

namespace bellwether::notify {

struct WebhookConfig {
  Secret url = {};                        // May be a template.
  std::size_t max_alerts = 0;             // 0: all.
  TextTree payload = {};                  // In place of Alertmanager's JSON, if it is a mapping.
  bool extended = false;                  // Adds the object "bellwether".
  std::vector<Secret> signing_keys = {};  // Of Standard Webhooks; several during a rotation. No templates.
  Secret hub_secret = {};                 // Of X-Hub-Signature-256. No template.
};

struct SlackField {
  std::string title;
  std::string value;
  bool is_short = false;
};

// A button of an attachment.
struct SlackAction {
  std::string type, text, url, style, name, value;
  std::string confirm_title, confirm_text, confirm_ok, confirm_dismiss;  // Without a text nothing is asked.
};

struct SlackConfig {
  Secret api_url = {};          // Of an incoming webhook; or of the Web API's chat.postMessage, with
  Secret app_token = {};        // the token of an app. Neither is a template.
  bool update_message = false;  // Later states change the message, and say in its thread what is new.
  std::string channel = {}, username = {}, icon_emoji = {}, icon_url = {}, message_text = {};
  std::string color = {}, title = {}, title_link = {}, pretext = {}, text = {}, fallback = {}, callback_id = {};
  std::string footer = {}, image_url = {}, thumb_url = {};
  std::vector<SlackField> fields = {};
  std::vector<SlackAction> actions = {};
  std::vector<std::string> mrkdwn_in = {};
  bool link_names = false;
};

struct PagerDutyLink {
  std::string href, text;
};
struct PagerDutyImage {
  std::string src, alt, href;
};

// An empty severity: from the alerts' label.
struct PagerDutyConfig {
  Secret routing_key = {};  // Of Events API v2,
  Secret service_key = {};  // or of version 1.
  std::string url = {}, client = {}, client_url = {}, description = {}, severity = {}, source = {};
  std::string component = {}, group = {}, event_class = {};
  std::vector<std::pair<std::string, TextTree>> details = {};
  std::vector<PagerDutyLink> links = {};
  std::vector<PagerDutyImage> images = {};
};

// How mails of one alert group hang together.
enum class MailThreads : std::uint8_t {
  kReal,          // Each answers the one before it.
  kVirtual,       // All answer one that does not exist, as Alertmanager has it;
  kVirtualDaily,  // another one each day.
};

struct EmailConfig {
  std::string to = {}, from = {};
  std::string host = {};  // No template, nor what follows up to `headers`.
  int port = 25;
  base::MailSecurity security = base::MailSecurity::kStartTls;
  TlsConfig tls = {};
  std::string hello = {};
  std::string username = {};
  Secret password = {};
  Secret secret = {};
  std::string identity = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string text = {}, html = {};
  MailThreads threads = MailThreads::kReal;
};

// One Slack, PagerDuty, webhook or mail in a receiver.
struct Integration {
  std::string kind;       // "webhook", "slack", "pagerduty", "email"
  std::size_t index = 0;  // Among those of its kind in its receiver.
  bool send_resolved = true;
  base::DurationMs timeout = base::Seconds(10);
  HttpConfig http = {};
  std::variant<WebhookConfig, SlackConfig, PagerDutyConfig, EmailConfig> target = {};
};

}  // namespace bellwether::notify
