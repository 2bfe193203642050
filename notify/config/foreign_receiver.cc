#include "notify/config/foreign_receiver.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "notify/config/schema.h"

namespace bellwether::notify {
namespace {

using yaml::FieldReader;
using yaml::YamlNode;

// One of `fields` (and of `globals`, in the global block) must be given; words apart by spaces.
struct Requirement {
  std::string_view kind;
  std::string_view fields;
  std::string_view globals;
  std::string_view fault;
};

constexpr std::array kRequirements = std::to_array<Requirement>({
    {"opsgenie_configs", "api_key api_key_file", "opsgenie_api_key opsgenie_api_key_file",
     "no global OpsGenie API Key set either inline or in a file"},
    {"msteams_configs", "webhook_url webhook_url_file", "",
     "one of webhook_url or webhook_url_file must be configured"},
    {"msteamsv2_configs", "webhook_url webhook_url_file", "",
     "one of webhook_url or webhook_url_file must be configured"},
    {"discord_configs", "webhook_url webhook_url_file", "",
     "one of webhook_url or webhook_url_file must be configured"},
    {"telegram_configs", "bot_token bot_token_file", "telegram_bot_token telegram_bot_token_file",
     "missing bot_token or bot_token_file on telegram_config"},
    {"telegram_configs", "chat_id chat_id_file", "", "missing chat_id or chat_id_file on telegram_config"},
    {"victorops_configs", "routing_key", "", "missing Routing key in VictorOps config"},
    {"victorops_configs", "api_key api_key_file", "victorops_api_key victorops_api_key_file",
     "no global VictorOps API Key set"},
    {"pushover_configs", "user_key user_key_file", "", "one of user_key or user_key_file must be configured"},
    {"pushover_configs", "token token_file", "", "one of token or token_file must be configured"},
    {"sns_configs", "topic_arn phone_number target_arn", "",
     "must provide either a Target ARN, Topic ARN, or Phone Number for SNS config"},
    {"webex_configs", "room_id", "", "missing room_id on webex_config"},
    {"webex_configs", "http_config", "", "missing webex_configs.http_config.authorization"},
    {"jira_configs", "project", "", "missing project in jira_config"},
    {"jira_configs", "issue_type", "", "missing issue_type in jira_config"},
    {"jira_configs", "api_url", "jira_api_url", "no global Jira Cloud URL set"},
    {"mattermost_configs", "webhook_url webhook_url_file", "mattermost_webhook_url mattermost_webhook_url_file",
     "missing webhook_url or webhook_url_file on mattermost_config"},
    {"rocketchat_configs", "token token_file", "rocketchat_token rocketchat_token_file",
     "no global Rocketchat Token set either inline or in a file"},
    {"rocketchat_configs", "token_id token_id_file", "rocketchat_token_id rocketchat_token_id_file",
     "no global Rocketchat TokenID set either inline or in a file"},
    {"incidentio_configs", "url url_file", "", "one of url or url_file must be configured"},
    {"wechat_configs", "api_secret api_secret_file", "wechat_api_secret wechat_api_secret_file",
     "no global Wechat Api Secret set either inline or in a file"},
    {"wechat_configs", "corp_id", "wechat_api_corp_id", "no global Wechat CorpID set"},
});

constexpr std::array<std::string_view, 14> kForeignKinds = {
    "opsgenie_configs",   "msteamsv2_configs",  "msteams_configs",    "discord_configs", "telegram_configs",
    "victorops_configs",  "pushover_configs",   "sns_configs",        "webex_configs",   "jira_configs",
    "mattermost_configs", "rocketchat_configs", "incidentio_configs", "wechat_configs"};

bool HasText(const YamlNode& mapping, std::string_view words) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    const std::string_view key = words.substr(0, end);
    words.remove_prefix(std::min(end + 1, words.size()));
    for (const yaml::YamlField& field : mapping.fields) {
      if (field.key == key && (!field.value.scalar.empty() || !field.value.fields.empty())) return true;
    }
  }
  return false;
}

void CheckMapping(const YamlNode& node, std::string_view name, std::string_view what, ReadContext& context);

void CheckTextsOf(FieldReader& fields, std::string_view key, ReadContext& context) {
  for (const YamlNode& item : fields.List(key)) {
    if (item.kind == YamlNode::Kind::kScalar) continue;
    context.faults.Add(item.position, fmt::format("field '{}' must be a list of texts", key));
  }
}

void CheckField(FieldReader& fields, const SchemaField& field, ReadContext& context) {
  switch (field.shape) {
    case FieldShape::kText: static_cast<void>(fields.Text(field.key)); break;
    case FieldShape::kBool: static_cast<void>(fields.Bool(field.key)); break;
    case FieldShape::kInteger: static_cast<void>(fields.Integer(field.key)); break;
    case FieldShape::kDuration: static_cast<void>(fields.Duration(field.key)); break;
    case FieldShape::kUrl:
    case FieldShape::kSecretUrl:
    case FieldShape::kOpenUrl:
      CheckUrl({.text = fields.Text(field.key), .file = {}}, fields.PositionOf(field.key), field.key, context);
      break;
    case FieldShape::kSecret: static_cast<void>(fields.Text(field.key)); break;
    case FieldShape::kTexts:
    case FieldShape::kSecrets: CheckTextsOf(fields, field.key, context); break;
    case FieldShape::kTextMap: static_cast<void>(fields.Texts(field.key)); break;
    case FieldShape::kMapping:
      if (const YamlNode* node = fields.Find(field.key)) CheckMapping(*node, field.nested, field.key, context);
      break;
    case FieldShape::kMappings:
      for (const YamlNode& node : fields.List(field.key)) CheckMapping(node, field.nested, field.key, context);
      break;
    case FieldShape::kMappingsByName:
      if (const YamlNode* node = fields.Find(field.key)) {
        for (const yaml::YamlField& one : node->fields) CheckMapping(one.value, field.nested, field.key, context);
      }
      break;
    case FieldShape::kAny:
    case FieldShape::kHidden: break;
  }
  const std::string twin = std::string(field.key) + "_file";
  if (!field.has_twin || fields.Find(twin) == nullptr || fields.Text(twin).empty()) return;
  if (const YamlNode* node = fields.Find(field.key); node != nullptr && !node->scalar.empty()) {
    context.faults.Add(fields.PositionOf(twin),
                       fmt::format("at most one of {} & {} must be configured", field.key, twin));
  }
}

void CheckMapping(const YamlNode& node, std::string_view name, std::string_view what, ReadContext& context) {
  FieldReader fields(node, what, context.faults);
  std::vector<std::string> twins;
  const std::vector<SchemaField> schema = SchemaOf(name);
  twins.reserve(schema.size());
  std::vector<std::string_view> known;
  for (const SchemaField& field : schema) {
    CheckField(fields, field, context);
    known.push_back(field.key);
    if (field.has_twin) known.emplace_back(twins.emplace_back(std::string(field.key) + "_file"));
  }
  fields.RefuseUnknown(known, {});
}

}  // namespace

bool IsForeignKind(std::string_view key) {
  return std::find(kForeignKinds.begin(), kForeignKinds.end(), key) != kForeignKinds.end();
}

void CheckForeignReceivers(const yaml::YamlField& list, std::string_view receiver, const GlobalSettings& global,
                           ReadContext& context) {
  if (list.value.kind != YamlNode::Kind::kSequence) {
    context.faults.Add(list.value.position,
                       fmt::format("field '{}' must be a list, not {}", list.key, yaml::YamlKindText(list.value.kind)));
    return;
  }
  for (const YamlNode& node : list.value.items) {
    CheckMapping(node, list.key, list.key, context);
    for (const Requirement& required : kRequirements) {
      if (required.kind != list.key || HasText(node, required.fields)) continue;
      if (global.block != nullptr && HasText(*global.block, required.globals)) continue;
      context.faults.Add(node.position, required.fault);
    }
  }
  context.Undeliverable(list.key_position,
                        fmt::format("receiver \"{}\": {} are not supported by this version; there are webhook_configs, "
                                    "slack_configs, pagerduty_configs and email_configs",
                                    receiver, list.key));
}

}  // namespace bellwether::notify
