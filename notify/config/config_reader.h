// notify/config/config_reader.h
//
// What reading the configuration's parts shares: the faults found, the warnings, the global defaults.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "notify/config/config.h"
#include "notify/dispatcher.h"
#include "yaml/field_reader.h"

namespace bellwether::notify {

inline constexpr std::string_view kSlackPostUrl = "https://slack.com/api/chat.postMessage";

// The smtp_ keys.
struct MailSettings {
  std::string smarthost, from, username, identity;
  std::string hello = "localhost";
  Secret password, secret;
  TlsConfig tls;
  bool require_tls = true;
  std::optional<bool> implicit_tls;  // Nothing: as the port says.
};

struct GlobalSettings {
  HttpConfig http;
  const yaml::YamlNode* block = nullptr;  // As written; null if there is none.
  base::DurationMs resolve_timeout = base::Minutes(5);
  Secret slack_api_url;
  Secret slack_app_token;
  std::string slack_app_url = std::string(kSlackPostUrl);
  MailSettings mail;
  std::string pagerduty_url = "https://events.pagerduty.com/v2/enqueue";
};

struct ReadContext {
  std::string file;    // For messages.
  std::string folder;  // Relative paths start here; with a slash at the end, or empty.
  yaml::FaultList& faults;
  std::vector<std::string>& warnings;
  ConfigOptions options = {};

  void Warn(yaml::YamlPosition position, std::string_view text);
  // What is right and cannot be served: a fault, unless the configuration is only judged.
  void Undeliverable(yaml::YamlPosition position, std::string_view text);
  [[nodiscard]] std::string Path(const std::string& path) const;
};

// `key` and its twin `key`_file; both at once are a fault.
[[nodiscard]] Secret ReadSecretField(yaml::FieldReader& fields, std::string_view key, ReadContext& context);
// An http or https URL with a host, or a fault that does not show it. A template is taken as it is.
void CheckUrl(const Secret& url, yaml::YamlPosition position, std::string_view key, ReadContext& context);
// "1m30s", "1.5h": Go's form of a duration.
[[nodiscard]] std::optional<base::DurationMs> ParseGoDuration(std::string_view text);

[[nodiscard]] GlobalSettings ReadGlobal(const yaml::YamlNode& node, ReadContext& context);
// Of an http_config; Prometheus writes them beside the other fields of an Alertmanager.
inline constexpr std::array<std::string_view, 11> kHttpConfigKeys = {
    "basic_auth",          "authorization", "oauth2",       "tls_config", "proxy_url",
    "follow_redirects",    "enable_http2",  "http_headers", "no_proxy",   "proxy_from_environment",
    "proxy_connect_header"};
[[nodiscard]] HttpConfig ReadHttpConfig(const yaml::YamlNode& node, ReadContext& context);
[[nodiscard]] TlsConfig ReadTlsConfig(const yaml::YamlNode& node, ReadContext& context);
[[nodiscard]] Receiver ReadReceiver(const yaml::YamlNode& node, const GlobalSettings& global, ReadContext& context);
[[nodiscard]] Route ReadRootRoute(const yaml::YamlNode& node, std::span<const std::string> receivers,
                                  const TimeIntervals& intervals, ReadContext& context);
// `matchers` and the two deprecated maps `match` and `match_re`; `prefix` is "", "source_" or "target_".
[[nodiscard]] std::vector<metric::Matcher> ReadMatchers(yaml::FieldReader& fields, const std::string& prefix,
                                                        ReadContext& context);
[[nodiscard]] std::vector<InhibitRule> ReadInhibitRules(std::span<const yaml::YamlNode> rules, ReadContext& context);
// Adds to `out`, whose names are taken.
void ReadTimeIntervals(std::span<const yaml::YamlNode> intervals, TimeIntervals& out, ReadContext& context);
// The keys that Alertmanager has too, as YAML that its parser takes: secrets are masked, or left out where it takes no
// mask.
[[nodiscard]] std::string ShownConfig(const yaml::YamlNode& top);

}  // namespace bellwether::notify
