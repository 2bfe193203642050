// The `global` block and what receivers share: secrets and URLs.
#include <algorithm>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>

#include "base/number.h"
#include "notify/config/config_reader.h"

namespace bellwether::notify {
namespace {

// Keys of receivers that are not here yet; harmless as long as no receiver needs them.
constexpr std::string_view kForeignGlobals[] = {"opsgenie_api_url",
                                                "opsgenie_api_key",
                                                "opsgenie_api_key_file",
                                                "victorops_api_url",
                                                "victorops_api_key",
                                                "victorops_api_key_file",
                                                "wechat_api_url",
                                                "wechat_api_secret",
                                                "wechat_api_secret_file",
                                                "wechat_api_corp_id",
                                                "telegram_api_url",
                                                "telegram_bot_token",
                                                "telegram_bot_token_file",
                                                "webex_api_url",
                                                "rocketchat_api_url",
                                                "rocketchat_token",
                                                "rocketchat_token_file",
                                                "rocketchat_token_id",
                                                "rocketchat_token_id_file",
                                                "mattermost_webhook_url",
                                                "mattermost_webhook_url_file",
                                                "jira_api_url"};
constexpr std::string_view kOwnGlobals[] = {"resolve_timeout",    "http_config",
                                            "slack_api_url",      "slack_api_url_file",
                                            "slack_app_token",    "slack_app_token_file",
                                            "slack_app_url",      "pagerduty_url",
                                            "smtp_from",          "smtp_smarthost",
                                            "smtp_hello",         "smtp_auth_username",
                                            "smtp_auth_password", "smtp_auth_password_file",
                                            "smtp_auth_secret",   "smtp_auth_secret_file",
                                            "smtp_auth_identity", "smtp_require_tls",
                                            "smtp_tls_config",    "smtp_force_implicit_tls"};

// Every secret of receivers that are not here yet, and its twin.
constexpr std::string_view kTwins[] = {"opsgenie_api_key",      "victorops_api_key", "wechat_api_secret",
                                       "telegram_bot_token",    "rocketchat_token",  "rocketchat_token_id",
                                       "mattermost_webhook_url"};

MailSettings ReadMailSettings(yaml::FieldReader& fields, ReadContext& context) {
  MailSettings mail;
  mail.from = fields.Text("smtp_from");
  mail.smarthost = fields.Text("smtp_smarthost");
  if (fields.Find("smtp_hello") != nullptr) mail.hello = fields.Text("smtp_hello");
  mail.username = fields.Text("smtp_auth_username");
  mail.password = ReadSecretField(fields, "smtp_auth_password", context);
  mail.secret = ReadSecretField(fields, "smtp_auth_secret", context);
  mail.identity = fields.Text("smtp_auth_identity");
  mail.require_tls = fields.Bool("smtp_require_tls").value_or(true);
  mail.implicit_tls = fields.Bool("smtp_force_implicit_tls");
  if (const yaml::YamlNode* tls = fields.Find("smtp_tls_config")) mail.tls = ReadTlsConfig(*tls, context);
  return mail;
}

bool IsWebUrl(std::string_view url) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (url.starts_with(scheme)) {
      const std::string_view rest = url.substr(scheme.size());
      return !rest.empty() && rest[0] != '/' && rest[0] != '?' &&
             rest.find_first_of(" \t\r\n") == std::string_view::npos;
    }
  }
  return false;
}

}  // namespace

void ReadContext::Warn(yaml::YamlPosition position, std::string_view text) {
  warnings.push_back(fmt::format("{}: {}: {}", file, yaml::PositionText(position), text));
}

void ReadContext::Undeliverable(yaml::YamlPosition position, std::string_view text) {
  if (options.use == ConfigUse::kServe) {
    faults.Add(position, text);
  } else {
    Warn(position, text);
  }
}

std::string ReadContext::Path(const std::string& path) const {
  if (path.empty() || path[0] == '/') return path;
  return folder + path;
}

Secret ReadSecretField(yaml::FieldReader& fields, std::string_view key, ReadContext& context) {
  const std::string file_key = std::string(key) + "_file";
  Secret secret{.text = fields.Text(key), .file = context.Path(fields.Text(file_key))};
  if (!secret.text.empty() && !secret.file.empty()) {
    context.faults.Add(fields.PositionOf(file_key),
                       fmt::format("at most one of {} & {} must be configured", key, file_key));
  }
  return secret;
}

void CheckUrl(const Secret& url, yaml::YamlPosition position, std::string_view key, ReadContext& context) {
  if (url.text.empty() || url.text.find("{{") != std::string::npos || IsWebUrl(url.text)) return;
  context.faults.Add(position, fmt::format("field '{}' must be an absolute http or https URL", key));
}

std::optional<base::DurationMs> ParseGoDuration(std::string_view text) {
  constexpr std::pair<std::string_view, double> kUnits[] = {{"ns", 1e-6}, {"us", 1e-3}, {"µs", 1e-3}, {"ms", 1},
                                                            {"s", 1000},  {"m", 60000}, {"h", 3.6e6}};
  if (text == "0") return base::DurationMs(0);
  double total = 0;
  while (!text.empty()) {
    const std::size_t n = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto number = base::ParseNumber(text.substr(0, n));
    if (n == 0 || !number) return std::nullopt;
    text.remove_prefix(n);
    const std::size_t unit_end = std::min(text.find_first_of("0123456789."), text.size());
    const auto unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                   [&](const auto& u) { return u.first == text.substr(0, unit_end); });
    if (unit == std::end(kUnits)) return std::nullopt;
    total += *number * unit->second;
    text.remove_prefix(unit_end);
    if (total > 1e15) return std::nullopt;
  }
  return base::DurationMs(static_cast<std::int64_t>(total));
}

GlobalSettings ReadGlobal(const yaml::YamlNode& node, ReadContext& context) {
  GlobalSettings global;
  yaml::FieldReader fields(node, "global", context.faults);
  global.block = &node;
  if (const yaml::YamlNode* http = fields.Find("http_config")) global.http = ReadHttpConfig(*http, context);
  if (const auto timeout = fields.Duration("resolve_timeout")) global.resolve_timeout = *timeout;
  global.slack_api_url = ReadSecretField(fields, "slack_api_url", context);
  CheckUrl(global.slack_api_url, fields.PositionOf("slack_api_url"), "slack_api_url", context);
  if (const std::string url = fields.Text("pagerduty_url"); !url.empty()) global.pagerduty_url = url;
  for (const std::string_view key : kTwins) static_cast<void>(ReadSecretField(fields, key, context));
  global.slack_app_token = ReadSecretField(fields, "slack_app_token", context);
  if (fields.Find("slack_app_url") != nullptr) global.slack_app_url = fields.Text("slack_app_url");
  CheckUrl({.text = global.slack_app_url}, fields.PositionOf("slack_app_url"), "slack_app_url", context);
  if (!global.slack_app_token.empty() && !global.slack_api_url.empty() &&
      global.slack_api_url.text != global.slack_app_url) {
    context.faults.Add(fields.PositionOf("slack_api_url"),
                       "at most one of slack_app_token/slack_app_token_file & slack_api_url/slack_api_url_file must be "
                       "configured");
  }
  global.mail = ReadMailSettings(fields, context);
  std::vector<std::string_view> known(std::begin(kOwnGlobals), std::end(kOwnGlobals));
  known.insert(known.end(), std::begin(kForeignGlobals), std::end(kForeignGlobals));
  fields.RefuseUnknown(known, {});
  return global;
}

}  // namespace bellwether::notify
