#include "notify/preview.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/sha256.h"
#include "notify/config/config.h"
#include "notify/receivers/deliver.h"
#include "notify/receivers/render.h"
#include "notify/receivers/secret_filter.h"
#include "template/go_time.h"

namespace bellwether::notify {
namespace {

constexpr std::string_view kMadeUpAlert = R"([{"labels": {"alertname": "NotificationTest", "severity": "warning",
  "model": "example"}, "annotations": {"summary": "This is a test of the receiver"}}])";

base::Status ReadTextMap(const nlohmann::json& alert, const char* key, std::map<std::string, std::string>& out) {
  if (!alert.contains(key)) return base::OkStatus();
  for (const auto& [name, value] : alert[key].items()) {
    if (!value.is_string()) return base::InvalidArgument(fmt::format("{}.{} must be a text", key, name));
    out.emplace(name, value.get<std::string>());
  }
  return base::OkStatus();
}

base::Result<base::TimestampMs> ReadMoment(const nlohmann::json& alert, const char* key, base::TimestampMs absent) {
  if (!alert.contains(key)) return absent;
  if (alert[key].is_string()) {
    const auto moment = templating::ParseTime("2006-01-02T15:04:05Z07:00", alert[key].get<std::string>());
    if (moment.ok()) return moment->at;
  }
  return base::InvalidArgument(fmt::format("{} must be a time such as 2026-09-01T08:12:30Z", key));
}

base::Result<MessageAlert> ReadAlert(const nlohmann::json& alert, base::TimestampMs now) {
  if (!alert.is_object()) return base::InvalidArgument("each alert must be an object with labels");
  std::map<std::string, std::string> labels, annotations;
  BW_RETURN_IF_ERROR(ReadTextMap(alert, "labels", labels));
  BW_RETURN_IF_ERROR(ReadTextMap(alert, "annotations", annotations));
  if (labels.empty()) return base::InvalidArgument("an alert has no labels");
  MessageAlert out;
  metric::LabelsBuilder builder;
  for (const auto& [name, value] : labels) builder.Set(name, value);
  out.update.labels = builder.Build();
  out.update.annotations.insert(annotations.begin(), annotations.end());
  BW_ASSIGN_OR_RETURN(out.update.starts_at, ReadMoment(alert, "startsAt", now - base::Minutes(5)));
  BW_ASSIGN_OR_RETURN(out.ended_at, ReadMoment(alert, "endsAt", base::TimestampMs::Max()));
  out.update.updated_at = now;
  out.update.generator_url = alert.value("generatorURL", "");
  out.firing = out.ended_at > now;
  out.is_new = true;
  return out;
}

// The message of a group that has these alerts, by the labels in which they agree.
base::Result<Message> MakeMessage(const PreviewRequest& request, base::TimestampMs now) {
  const std::string text = request.alerts_json.empty() ? std::string(kMadeUpAlert) : request.alerts_json;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_array() || json.empty()) {
    return base::InvalidArgument(R"(the alerts must be a list: [{"labels": {"alertname": "X"}}])");
  }
  Message message;
  message.receiver = request.receiver;
  message.reason = std::string(kFirstNotification);
  for (const auto& one : json) {
    BW_ASSIGN_OR_RETURN(MessageAlert alert, ReadAlert(one, now));
    message.alerts.push_back(std::move(alert));
  }
  SortAlerts(message.alerts);
  const metric::Labels& first = message.alerts.front().update.labels;
  metric::LabelsBuilder common(first);
  for (const metric::LabelView& l : first) {
    const bool agree = std::all_of(message.alerts.begin(), message.alerts.end(),
                                   [&](const MessageAlert& a) { return a.update.labels.Get(l.name) == l.value; });
    if (!agree || l.name == "severity") common.Remove(l.name);
  }
  message.group_labels = common.Build();
  message.group_key = "{}:" + message.group_labels.ToString();
  return message;
}

std::string HostOf(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return {};
  const std::string authority = url.substr(0, url.find('/', scheme + 3));
  const std::size_t at = authority.rfind('@');
  return at == std::string::npos ? authority : authority.substr(0, scheme + 3) + authority.substr(at + 1);
}

// Shows what is sent; false where it cannot be rendered, `shown.outcome` then says why.
bool Show(const Integration& integration, const Message& message, const RenderContext& context,
          PreviewedMessage& shown) {
  base::Status status;
  SecretFilter secrets(integration);
  if (integration.kind == "email") {
    const auto mail = RenderMail(integration, message, context);
    status = mail.status();
    if (mail.ok()) {
      shown.target = "mail to ";
      for (const std::string& to : mail->request.to) shown.target += (shown.target.back() == ' ' ? "" : ", ") + to;
      shown.body = mail->request.data;
    }
  } else {
    const auto rendered = RenderRequest(integration, message, context);
    status = rendered.status();
    if (rendered.ok()) {
      secrets.Add(*rendered);
      shown.target = rendered->method + " " + HostOf(rendered->url);
      shown.body = rendered->body;
    }
  }
  secrets.Clean(shown.body);
  if (status.ok()) return true;
  shown.outcome = status.message();
  secrets.Clean(shown.outcome);
  shown.ok = false;
  return false;
}

}  // namespace

base::Result<std::vector<PreviewedMessage>> Preview(const Config& config, const std::string& external_url,
                                                    const PreviewRequest& request, base::TimestampMs now,
                                                    const PreviewMeans& means) {
  const auto receiver = config.receivers.find(request.receiver);
  if (receiver == config.receivers.end()) {
    std::string names;
    for (const auto& [name, one] : config.receivers) names += (names.empty() ? "" : ", ") + name;
    return base::NotFound(fmt::format("there is no receiver \"{}\"; there are: {}", request.receiver, names));
  }
  BW_ASSIGN_OR_RETURN(Message message, MakeMessage(request, now));
  TokenSource tokens;
  std::vector<PreviewedMessage> out;
  for (const Integration& integration : receiver->second.integrations) {
    message.integration = integration.kind;
    message.index = integration.index;
    PreviewedMessage shown;
    shown.integration = fmt::format("{}[{}]", integration.kind, integration.index);
    const RenderContext context{
        .templates = config.templates,
        .external_url = external_url,
        .now = now,
        .idempotency_key = base::Sha256Hex(fmt::format("test/{}/{}", shown.integration, now.ms))};
    if (Show(integration, message, context, shown)) {
      shown.outcome = "not sent";
      if (request.send) {
        const Delivery delivery = Deliver(integration, message, context, {means.http, &means.mail, tokens});
        shown.ok = delivery.outcome.kind == OutcomeClass::kSuccess;
        shown.outcome = shown.ok ? "delivered: " + delivery.answer : delivery.outcome.reason;
      }
    }
    out.push_back(std::move(shown));
  }
  return out;
}

}  // namespace bellwether::notify
