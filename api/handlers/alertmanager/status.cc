// About the server: /api/v2/status, /api/v2/receivers.
#include "api/handlers/alertmanager/v2.h"
#include "api/json/envelope.h"
#include "notify/dispatcher.h"

namespace bellwether::api {
namespace {

base::Status ShowV2Status(const HandlerContext& context, const HttpRequest& /*request*/, HttpResponse& response) {
  const std::string config = context.dispatcher->ShownConfiguration();
  RespondJson(response, [&](JsonWriter& json) {
    json.BeginObject().Key("cluster").BeginObject().Key("peers").BeginArray().EndArray();
    json.Key("status").String("disabled").EndObject();
    json.Key("config").BeginObject().Key("original").String(config).EndObject();
    json.Key("uptime").String(base::FormatRfc3339Ms(context.started_at)).Key("versionInfo").BeginObject();
    json.Key("branch").String("bellwether").Key("buildDate").String("").Key("buildUser").String("");
    json.Key("goVersion").String("").Key("revision").String(context.version);
    json.Key("version").String(notify::kCompatibleAlertmanager).EndObject().EndObject();
  });
  return base::OkStatus();
}

base::Status ShowV2Receivers(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  BW_ASSIGN_OR_RETURN(const std::vector<metric::Matcher> matchers, V2Matchers(request, "receiver_matchers"));
  RespondJson(response, [&](JsonWriter& json) {
    json.BeginArray();
    for (const notify::ShownReceiver& receiver : context.dispatcher->Receivers()) {
      if (!receiver.Matches(matchers)) continue;
      json.BeginObject().Key("labels").BeginObject();
      for (const auto& [name, value] : receiver.labels) json.Key(name).String(value);
      json.EndObject().Key("name").String(receiver.name).EndObject();
    }
    json.EndArray();
  });
  return base::OkStatus();
}

}  // namespace

void AddV2StatusRoutes(const HandlerContext& context, RouteTable& routes) {
  routes.push_back(V2Route(context, {"GET"}, "/status", ShowV2Status));
  routes.push_back(V2Route(context, {"GET"}, "/receivers", ShowV2Receivers));
}

}  // namespace bellwether::api
