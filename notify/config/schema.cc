#include "notify/config/schema.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"

namespace bellwether::notify {
namespace {

// KEY, KEY:SHAPE, KEY+ for a key with a twin KEY_file. Shapes in braces name a mapping: {one}, [list], <by name>.
constexpr std::array kMappingTable = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"",
     "global:{global} templates:texts route:{route} inhibit_rules:[inhibit_rules] receivers:[receiver] "
     "time_intervals:[named_interval] mute_time_intervals:[named_interval] tracing:{tracing} event_recorder:hidden"},
    {"global",
     "resolve_timeout:duration http_config:{http_config} smtp_from smtp_hello smtp_smarthost smtp_auth_username "
     "smtp_auth_password+:secret smtp_auth_secret+:secret smtp_auth_identity smtp_require_tls:bool "
     "smtp_tls_config:{tls_config} smtp_force_implicit_tls:bool slack_api_url+:secreturl slack_app_token+:secret "
     "slack_app_url:url pagerduty_url:url opsgenie_api_url:url opsgenie_api_key+:secret wechat_api_url:url "
     "wechat_api_secret+:secret wechat_api_corp_id victorops_api_url:url victorops_api_key+:secret "
     "telegram_api_url:url telegram_bot_token+:secret webex_api_url:url rocketchat_api_url:url "
     "rocketchat_token+:secret rocketchat_token_id+:secret mattermost_webhook_url+:secreturl jira_api_url:url"},
    {"route",
     "receiver group_by:texts group_wait:duration group_interval:duration repeat_interval:duration matchers:texts "
     "match:map match_re:map continue:bool mute_time_intervals:texts active_time_intervals:texts labels:map "
     "routes:[route]"},
    {"inhibit_rules",
     "name source_match:map source_match_re:map source_matchers:texts target_match:map target_match_re:map "
     "target_matchers:texts equal:texts"},
    {"named_interval", "name time_intervals:[interval]"},
    {"interval",
     "times:[time_range] weekdays:texts days_of_month:texts months:texts years:texts "
     "location"},
    {"time_range", "start_time end_time"},
    {"tracing",
     "client_type endpoint sampling_fraction insecure:bool tls_config:{tls_config} http_headers:hidden compression "
     "timeout:duration"},
    {"receiver",
     "name labels:map discord_configs:[discord_configs] email_configs:[email_configs] "
     "incidentio_configs:[incidentio_configs] jira_configs:[jira_configs] mattermost_configs:[mattermost_configs] "
     "msteams_configs:[msteams_configs] msteamsv2_configs:[msteamsv2_configs] opsgenie_configs:[opsgenie_configs] "
     "pagerduty_configs:[pagerduty_configs] pushover_configs:[pushover_configs] "
     "rocketchat_configs:[rocketchat_configs] slack_configs:[slack_configs] sns_configs:[sns_configs] "
     "telegram_configs:[telegram_configs] victorops_configs:[victorops_configs] webex_configs:[webex_configs] "
     "webhook_configs:[webhook_configs] wechat_configs:[wechat_configs]"},
    {"http_config",
     "basic_auth:{basic_auth} authorization:{authorization} oauth2:{oauth2} bearer_token+:secret "
     "tls_config:{tls_config} proxy_url no_proxy proxy_from_environment:bool proxy_connect_header:hidden "
     "follow_redirects:bool enable_http2:bool http_headers:<http_header>"},
    {"basic_auth", "username+ password+:secret"},
    {"authorization", "type credentials+:secret"},
    {"oauth2",
     "client_id client_secret+:secret scopes:texts token_url endpoint_params:map tls_config:{tls_config} proxy_url "
     "no_proxy proxy_from_environment:bool proxy_connect_header:hidden"},
    {"http_header", "values:texts secrets:secrets files:texts"},
    {"tls_config", "ca+ cert+ key+:secret server_name insecure_skip_verify:bool min_version max_version"},
    {"webhook_configs", "send_resolved:bool http_config:{http_config} url+:openurl max_alerts:int timeout payload:any"},
    {"slack_configs",
     "send_resolved:bool http_config:{http_config} api_url+:secreturl app_token+:secret app_url:url channel username "
     "icon_emoji icon_url link_names:bool message_text color title title_link pretext text fields:[slack_field] "
     "short_fields:bool footer fallback callback_id image_url thumb_url mrkdwn_in:texts actions:[slack_action] "
     "timeout update_message:bool"},
    {"slack_field", "title value short:bool"},
    {"slack_action", "type text url style name value confirm:any"},
    {"pagerduty_configs",
     "send_resolved:bool http_config:{http_config} routing_key+:secret service_key+:secret url:url client client_url "
     "description severity source component group class details:any images:[pagerduty_image] links:[pagerduty_link] "
     "timeout"},
    {"pagerduty_image", "src alt href"},
    {"pagerduty_link", "href text"},
    {"email_configs",
     "send_resolved:bool to from hello smarthost auth_username auth_password+:secret auth_secret+:secret "
     "auth_identity headers:map html text require_tls:bool tls_config:{tls_config} force_implicit_tls:bool "
     "threading:{email_threading}"},
    {"email_threading", "enabled:bool thread_by_date"},
    {"opsgenie_configs",
     "send_resolved:bool http_config:{http_config} api_key+:secret api_url:url message description source details:map "
     "entity responders:[opsgenie_responder] actions tags note priority update_alerts:bool"},
    {"opsgenie_responder", "id name username type"},
    {"msteams_configs",
     "send_resolved:bool http_config:{http_config} webhook_url+:secreturl title summary "
     "text"},
    {"msteamsv2_configs", "send_resolved:bool http_config:{http_config} webhook_url+:secreturl title text"},
    {"discord_configs",
     "send_resolved:bool http_config:{http_config} webhook_url+:secreturl content title message "
     "username avatar_url"},
    {"telegram_configs",
     "send_resolved:bool http_config:{http_config} api_url:url bot_token+:secret chat_id+:int message_thread_id:int "
     "message disable_notifications:bool parse_mode"},
    {"victorops_configs",
     "send_resolved:bool http_config:{http_config} api_key+:secret api_url:url routing_key message_type state_message "
     "entity_display_name monitoring_tool custom_fields:map"},
    {"pushover_configs",
     "send_resolved:bool http_config:{http_config} user_key+:secret token+:secret title message url url_title device "
     "sound priority retry:duration expire:duration ttl:duration html:bool monospace:bool"},
    {"sns_configs",
     "send_resolved:bool http_config:{http_config} api_url sigv4:{sigv4} topic_arn phone_number target_arn subject "
     "message attributes:map"},
    {"sigv4", "region access_key secret_key:secret profile role_arn external_id use_fips_sts_endpoint:bool"},
    {"webex_configs", "send_resolved:bool http_config:{http_config} api_url:url message room_id"},
    {"jira_configs",
     "send_resolved:bool http_config:{http_config} api_url:url api_type project summary:any description:any "
     "labels:texts priority issue_type reopen_transition resolve_transition wont_fix_resolution "
     "reopen_duration:duration fields:any"},
    {"mattermost_configs",
     "send_resolved:bool http_config:{http_config} webhook_url+:secreturl channel username text icon_url icon_emoji "
     "fallback color pretext author_name author_link author_icon title title_link fields:[slack_field] "
     "short_fields:bool thumb_url footer footer_icon image_url attachments:any type props:any priority:any"},
    {"rocketchat_configs",
     "send_resolved:bool http_config:{http_config} api_url:url token+:secret token_id+:secret channel color title "
     "title_link text fields:[slack_field] short_fields:bool emoji icon_url image_url thumb_url link_names:bool "
     "actions:any"},
    {"incidentio_configs",
     "send_resolved:bool http_config:{http_config} url+:secreturl alert_source_token+:secret max_alerts:int timeout"},
    {"wechat_configs",
     "send_resolved:bool http_config:{http_config} api_secret+:secret corp_id message api_url:url to_user to_party "
     "to_tag agent_id message_type"},
});

constexpr std::array kShapeNames = std::to_array<std::pair<std::string_view, FieldShape>>({
    {"bool", FieldShape::kBool},
    {"int", FieldShape::kInteger},
    {"duration", FieldShape::kDuration},
    {"url", FieldShape::kUrl},
    {"secret", FieldShape::kSecret},
    {"secreturl", FieldShape::kSecretUrl},
    {"openurl", FieldShape::kOpenUrl},
    {"texts", FieldShape::kTexts},
    {"secrets", FieldShape::kSecrets},
    {"map", FieldShape::kTextMap},
    {"any", FieldShape::kAny},
    {"hidden", FieldShape::kHidden},
});

SchemaField FieldOf(std::string_view word) {
  SchemaField field;
  const std::size_t colon = std::min(word.find(':'), word.size());
  field.key = word.substr(0, colon);
  field.has_twin = field.key.ends_with('+');
  if (field.has_twin) field.key.remove_suffix(1);
  if (colon == word.size()) return field;
  const std::string_view shape = word.substr(colon + 1);
  const std::size_t bracket = std::string_view("{[<").find(shape.front());
  if (bracket != std::string_view::npos) {
    constexpr FieldShape kBracketed[] = {FieldShape::kMapping, FieldShape::kMappings, FieldShape::kMappingsByName};
    field.shape = kBracketed[bracket];
    field.nested = shape.substr(1, shape.size() - 2);
    return field;
  }
  const auto it = std::find_if(kShapeNames.begin(), kShapeNames.end(), [&](const auto& s) { return s.first == shape; });
  BW_CHECK(it != kShapeNames.end());
  field.shape = it->second;
  return field;
}

}  // namespace

std::vector<SchemaField> SchemaOf(std::string_view mapping) {
  const auto it = std::find_if(kMappingTable.begin(), kMappingTable.end(),
                               [&](const auto& entry) { return entry.first == mapping; });
  BW_CHECK(it != kMappingTable.end());
  std::vector<SchemaField> fields;
  std::string_view words = it->second;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    fields.push_back(FieldOf(words.substr(0, end)));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return fields;
}

}  // namespace bellwether::notify
