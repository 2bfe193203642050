// One entry of `receivers`.
#include <algorithm>

#include <fmt/format.h>

#include "notify/config/config_reader.h"
#include "notify/config/foreign_receiver.h"
#include "notify/config/receiver_reader.h"

namespace bellwether::notify {
namespace {

using yaml::FieldReader;
using yaml::YamlNode;

constexpr std::string_view kOurs[] = {"webhook_configs", "slack_configs", "pagerduty_configs", "email_configs"};

}  // namespace

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

std::string TextOr(FieldReader& fields, std::string_view key, std::string_view fallback) {
  return fields.Find(key) != nullptr ? fields.Text(key) : std::string(fallback);
}

Receiver ReadReceiver(const YamlNode& node, const GlobalSettings& global, ReadContext& context) {
  FieldReader fields(node, "a receiver", context.faults);
  Receiver receiver{.name = fields.Text("name"), .integrations = {}, .labels = {}, .heartbeat = {}};
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
  read("email_configs", ReadEmail);
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
  receiver.heartbeat = fields.Duration("heartbeat").value_or(base::DurationMs(0));
  known.push_back("heartbeat");
  const bool only_webhooks = std::all_of(receiver.integrations.begin(), receiver.integrations.end(),
                                         [](const Integration& i) { return i.kind == "webhook"; });
  if (receiver.heartbeat.ms > 0 && (!only_webhooks || receiver.integrations.empty())) {
    context.faults.Add(fields.PositionOf("heartbeat"), "a heartbeat needs a receiver of webhook_configs alone");
  }
  fields.RefuseUnknown(known, {});
  return receiver;
}

}  // namespace bellwether::notify
