// Alerts in and out: /api/v2/alerts, /api/v2/alerts/groups.
#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "api/handlers/alertmanager/alert_filter.h"
#include "api/handlers/alertmanager/v2.h"
#include "api/json/envelope.h"
#include "base/quote.h"
#include "notify/dispatcher.h"

namespace bellwether::api {
namespace {

using notify::ForeignAlert;

void WriteV2Texts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
  json.Key(key).BeginArray();
  for (const std::string& text : texts) json.String(text);
  json.EndArray();
}

void WriteV2Labels(JsonWriter& json, const metric::Labels& labels) {
  json.BeginObject();
  for (const metric::LabelView& label : labels) json.Key(label.name).String(label.value);
  json.EndObject();
}

void WriteV2Alert(JsonWriter& json, const V2Alert& alert, const std::vector<std::string>& muted_by) {
  const metric::AlertUpdate& update = alert.shown.alert;
  json.BeginObject().Key("annotations").BeginObject();
  for (const auto& [name, value] : update.annotations) json.Key(name).String(value);
  json.EndObject().Key("endsAt").String(base::FormatRfc3339Ms(update.ends_at));
  json.Key("fingerprint").String(fmt::format("{:016x}", update.labels.Fingerprint())).Key("receivers").BeginArray();
  for (const std::string& receiver : alert.shown.receivers) {
    json.BeginObject().Key("name").String(receiver).EndObject();
  }
  json.EndArray().Key("startsAt").String(base::FormatRfc3339Ms(update.starts_at)).Key("status").BeginObject();
  WriteV2Texts(json, "inhibitedBy", alert.shown.inhibited_by);
  WriteV2Texts(json, "mutedBy", muted_by);
  WriteV2Texts(json, "silencedBy", alert.shown.silenced_by);
  json.Key("state").String(alert.IsActive() && muted_by.empty() ? "active" : "suppressed").EndObject();
  json.Key("updatedAt").String(base::FormatRfc3339Ms(update.updated_at));
  if (!update.generator_url.empty()) json.Key("generatorURL").String(update.generator_url);
  json.Key("labels");
  WriteV2Labels(json, update.labels);
  json.EndObject();
}

base::Status ShowV2Alerts(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const AlertFilter filter, AlertFilter::Read(context, request));
  const Explained explained(context);
  std::vector<V2Alert> alerts;
  for (notify::ShownAlert& shown : context.dispatcher->Alerts()) alerts.push_back(explained.Join(std::move(shown)));
  for (V2Alert& other : explained.OthersThan(alerts)) alerts.push_back(std::move(other));
  std::erase_if(alerts, [&](const V2Alert& alert) {
    const auto& receivers = alert.shown.receivers;
    return !filter.Wants(alert) || std::none_of(receivers.begin(), receivers.end(),
                                                [&](const std::string& r) { return filter.WantsReceiver(r); });
  });
  std::sort(alerts.begin(), alerts.end(), [](const V2Alert& a, const V2Alert& b) {
    return a.shown.alert.labels.Fingerprint() < b.shown.alert.labels.Fingerprint();
  });
  RespondJson(response, [&](JsonWriter& json) {
    json.BeginArray();
    for (const V2Alert& alert : alerts) WriteV2Alert(json, alert, {});
    json.EndArray();
  });
  return base::OkStatus();
}

base::Status ShowV2Groups(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const AlertFilter filter, AlertFilter::Read(context, request));
  const bool muted = V2Bool(request, "muted", true);
  const Explained explained(context);
  RespondJson(response, [&](JsonWriter& json) {
    json.BeginArray();
    for (notify::ShownGroup& group : context.dispatcher->Groups()) {
      if (!filter.WantsReceiver(group.receiver) || (!muted && !group.muted_by.empty())) continue;
      std::vector<V2Alert> alerts;
      for (notify::ShownAlert& shown : group.alerts) {
        V2Alert alert = explained.Join(std::move(shown));
        if (filter.Wants(alert)) alerts.push_back(std::move(alert));
      }
      if (alerts.empty()) continue;
      json.BeginObject().Key("alerts").BeginArray();
      for (const V2Alert& alert : alerts) WriteV2Alert(json, alert, group.muted_by);
      json.EndArray().Key("labels");
      WriteV2Labels(json, group.labels);
      json.Key("receiver").BeginObject().Key("name").String(group.receiver).EndObject();
      json.Key("routeLabels").BeginObject().EndObject().EndObject();
    }
    json.EndArray();
  });
  return base::OkStatus();
}

// False, with a fault, if the object under `key` is not of texts.
template <typename Add>
bool ReadTextMap(const nlohmann::json& object, const char* key, const Add& add, std::optional<V2Fault>& fault) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return true;
  if (!it->is_object()) {
    fault = {400, 400, fmt::format("parsing alerts body from \"\" failed, because {} must be an object", key)};
    return false;
  }
  for (const auto& [name, value] : it->items()) {
    if (!value.is_string()) {
      fault = {400, 400,
               fmt::format("parsing alerts body from \"\" failed, because {}.{} must be a string, not {}", key, name,
                           value.dump())};
      return false;
    }
    add(name, value.template get<std::string>());
  }
  return true;
}

// With a scheme or a leading slash, and no space.
bool IsUri(std::string_view text) {
  const std::size_t colon = text.find(':');
  const bool has_scheme =
      colon != std::string_view::npos && colon > 0 && std::isalpha(static_cast<unsigned char>(text[0])) != 0 &&
      std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon),
                  [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.'; });
  return (has_scheme || text.starts_with('/')) && text.find(' ') == std::string_view::npos;
}

std::optional<V2Fault> ReadForeignAlert(const nlohmann::json& object, std::size_t index, ForeignAlert& alert) {
  std::optional<V2Fault> fault;
  if (!object.is_object())
    return V2Fault{400, 400, "parsing alerts body from \"\" failed, because an alert must be an object"};
  const auto labels = object.find("labels");
  const auto add_label = [&](const std::string& n, std::string v) { alert.labels.emplace_back(n, std::move(v)); };
  const auto add_annotation = [&](const std::string& n, std::string v) { alert.annotations.emplace(n, std::move(v)); };
  if (!ReadTextMap(object, "labels", add_label, fault) || !ReadTextMap(object, "annotations", add_annotation, fault) ||
      !ReadV2Time(object, "startsAt", "alerts", alert.starts_at, fault) ||
      !ReadV2Time(object, "endsAt", "alerts", alert.ends_at, fault)) {
    return fault;
  }
  if (const auto url = object.find("generatorURL"); url != object.end() && url->is_string()) {
    alert.generator_url = url->get<std::string>();
  }
  if (!alert.generator_url.empty() && !IsUri(alert.generator_url)) {
    return V2Fault{
        422, kV2TypeCode,
        fmt::format("{}.generatorURL in body must be of type uri: {}", index, base::Quote(alert.generator_url))};
  }
  if (labels == object.end() || labels->is_null()) {
    return V2Fault{422, kV2RequiredCode, fmt::format("{}.labels in body is required", index)};
  }
  return std::nullopt;
}

base::Status TakeV2Alerts(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  V2Body body = ReadV2Body(request, "alerts");
  if (!body.fault && !body.json.is_array()) {
    body.fault = {400, 400, "parsing alerts body from \"\" failed, because it must be a list of alerts"};
  }
  std::vector<ForeignAlert> alerts;
  for (std::size_t i = 0; !body.fault && i < body.json.size(); ++i) {
    body.fault = ReadForeignAlert(body.json[i], i, alerts.emplace_back());
  }
  if (body.fault) {
    RespondFault(response, *body.fault);
    return base::OkStatus();
  }
  BW_ASSIGN_OR_RETURN(const notify::PostOutcome outcome, context.dispatcher->Post(alerts));
  if (outcome.problems.empty()) return base::OkStatus();
  return base::InvalidArgument(fmt::format("{}", fmt::join(outcome.problems, "; ")));
}

base::Status V2Alerts(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  if (request.method == "POST") return TakeV2Alerts(context, request, response);
  return ShowV2Alerts(context, request, response);
}

}  // namespace

void AddV2AlertRoutes(const HandlerContext& context, RouteTable& routes) {
  routes.push_back(V2Route(context, {"GET", "POST"}, "/alerts", V2Alerts));
  routes.push_back(V2Route(context, {"GET"}, "/alerts/groups", ShowV2Groups));
}

}  // namespace bellwether::api
