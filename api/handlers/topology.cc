// What depends on what: shown, and the part that clients give.
#include "api/handlers/params.h"
#include "api/handlers/routes.h"
#include "api/json/envelope.h"
#include "incidents/topology_store.h"

namespace bellwether::api {
namespace {

void WriteComponentId(JsonWriter& json, const incidents::ComponentId& id) {
  json.Key("kind").PlainString(id.kind).Key("name").PlainString(id.name);
}

void WriteComponent(JsonWriter& json, const incidents::Component& component, bool from_api) {
  json.BeginObject();
  WriteComponentId(json, component.id);
  json.Key("source").String(from_api ? "api" : "file").Key("depends_on").BeginArray();
  for (const incidents::Dependency& dependency : component.depends_on) {
    json.BeginObject().Key("any_of").BeginArray();
    for (const incidents::ComponentId& on : dependency.on) {
      json.BeginObject();
      WriteComponentId(json, on);
      json.EndObject();
    }
    json.EndArray().Key("need").Unsigned(dependency.need).EndObject();
  }
  json.EndArray().EndObject();
}

base::Status ShowTopology(const incidents::TopologyStore& store, HttpResponse& response) {
  const auto topology = store.Current();
  RespondData(response, [&](JsonWriter& json) {
    json.BeginObject().Key("components").BeginArray();
    for (const incidents::Component& component : topology->components()) {
      WriteComponent(json, component, store.IsFromApi(component.id));
    }
    json.EndArray().EndObject();
  });
  return base::OkStatus();
}

base::Status Topology(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  if (context.topology == nullptr) return base::Unavailable("this server keeps no topology");
  if (request.method == "PUT") {
    if (request.body.empty()) {
      return base::InvalidArgument(
          "the request has no topology: send it as the body, with the Content-Type application/json or "
          "application/yaml and not as a form");
    }
    BW_RETURN_IF_ERROR(context.topology->Put(request.body));
  }
  return ShowTopology(*context.topology, response);
}

}  // namespace

void AddTopologyRoutes(const HandlerContext& context, RouteTable& routes) {
  routes.push_back(ApiRoute(context, {"GET", "PUT"}, "/api/v1/topology", Topology, WorkerPool::kAdmin));
}

}  // namespace bellwether::api
