// The `global` block and what receivers share: secrets, URLs, http_config.
#include <algorithm>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>

#include "base/number.h"
#include "base/read_file.h"
#include "notify/config/config_reader.h"

namespace bellwether::notify {
namespace {

// Keys of receivers that are not here yet; harmless as long as no receiver needs them.
constexpr std::string_view kForeignGlobals[] = {"smtp_from",
                                                "smtp_smarthost",
                                                "smtp_hello",
                                                "smtp_auth_username",
                                                "smtp_auth_password",
                                                "smtp_auth_password_file",
                                                "smtp_auth_secret",
                                                "smtp_auth_secret_file",
                                                "smtp_auth_identity",
                                                "smtp_require_tls",
                                                "smtp_tls_config",
                                                "smtp_force_implicit_tls",
                                                "opsgenie_api_url",
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
                                                "jira_api_url",
                                                "slack_app_token",
                                                "slack_app_token_file",
                                                "slack_app_url"};
constexpr std::string_view kOwnGlobals[] = {"resolve_timeout", "http_config", "slack_api_url", "slack_api_url_file",
                                            "pagerduty_url"};

// Every secret of the block and its twin.
constexpr std::string_view kTwins[] = {
    "smtp_auth_password", "smtp_auth_secret", "opsgenie_api_key",    "victorops_api_key",      "wechat_api_secret",
    "telegram_bot_token", "rocketchat_token", "rocketchat_token_id", "mattermost_webhook_url", "slack_app_token"};

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

base::Result<std::string> ReadSecret(const Secret& secret) {
  if (secret.file.empty()) return secret.text;
  const base::Result<std::string> text = base::ReadFile(secret.file);
  if (!text.ok()) {
    return base::Unavailable(fmt::format("cannot read the secret file {}: {}", secret.file, text.status().message()));
  }
  const std::size_t first = text->find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return base::Unavailable("the secret file " + secret.file + " is empty");
  return text->substr(first, text->find_last_not_of(" \t\r\n") - first + 1);
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

HttpConfig ReadHttpConfig(const yaml::YamlNode& node, ReadContext& context) {
  HttpConfig http;
  yaml::FieldReader fields(node, "an http_config", context.faults);
  if (const yaml::YamlNode* basic = fields.Find("basic_auth")) {
    yaml::FieldReader auth(*basic, "basic_auth", context.faults);
    http.username = auth.Text("username");
    http.password = ReadSecretField(auth, "password", context);
    constexpr std::string_view kReserved[] = {"username_file"};
    constexpr std::string_view kKnown[] = {"username", "password", "password_file"};
    auth.RefuseUnknown(kKnown, kReserved);
  }
  if (const yaml::YamlNode* authorization = fields.Find("authorization")) {
    yaml::FieldReader auth(*authorization, "authorization", context.faults);
    http.authorization_type = auth.Text("type");
    if (http.authorization_type.empty()) http.authorization_type = "Bearer";
    http.credentials = ReadSecretField(auth, "credentials", context);
    constexpr std::string_view kKnown[] = {"type", "credentials", "credentials_file"};
    auth.RefuseUnknown(kKnown, {});
    if (fields.Find("basic_auth") != nullptr) {
      context.faults.Add(authorization->position,
                         "at most one of basic_auth, oauth2 & authorization must be configured");
    }
  }
  if (const yaml::YamlNode* tls = fields.Find("tls_config")) {
    yaml::FieldReader tls_fields(*tls, "tls_config", context.faults);
    http.insecure_skip_verify = tls_fields.Bool("insecure_skip_verify").value_or(false);
    constexpr std::string_view kKnown[] = {"insecure_skip_verify"};
    constexpr std::string_view kReserved[] = {"ca",       "ca_file",     "cert",        "cert_file",  "key",
                                              "key_file", "server_name", "min_version", "max_version"};
    tls_fields.RefuseUnknown(kKnown, kReserved);
  }
  http.proxy_url = fields.Text("proxy_url");
  http.follow_redirects = fields.Bool("follow_redirects").value_or(true);
  fields.Bool("enable_http2");
  fields.RefuseUnknown(kHttpConfigKeys, kHttpConfigReservedKeys);
  return http;
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
  const bool has_token = fields.Find("slack_app_token") != nullptr || fields.Find("slack_app_token_file") != nullptr;
  global.has_slack_app_token = has_token;
  const std::string app_url =
      fields.Find("slack_app_url") != nullptr ? fields.Text("slack_app_url") : "https://slack.com/api/chat.postMessage";
  if (has_token && !global.slack_api_url.empty() && global.slack_api_url.text != app_url) {
    context.faults.Add(fields.PositionOf("slack_api_url"),
                       "at most one of slack_app_token/slack_app_token_file & slack_api_url/slack_api_url_file must be "
                       "configured");
  }
  std::vector<std::string_view> known(std::begin(kOwnGlobals), std::end(kOwnGlobals));
  known.insert(known.end(), std::begin(kForeignGlobals), std::end(kForeignGlobals));
  fields.RefuseUnknown(known, {});
  return global;
}

}  // namespace bellwether::notify
