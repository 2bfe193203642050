#include "api/handlers/routes.h"

#include <exception>

#include "api/json/envelope.h"
#include "base/log.h"

namespace bellwether::api {
namespace {

// Any origin may read, as Prometheus's --web.cors.origin allows by default; requests carry no cookies of ours.
void AddCorsHeaders(const HttpRequest& request, HttpResponse& response) {
  response.headers.emplace_back("Vary", "Origin");
  if (request.Header("Origin").empty()) return;
  response.headers.emplace_back("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Origin");
  response.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
  response.headers.emplace_back("Access-Control-Expose-Headers", "Date");
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
}

}  // namespace

HttpHandler ApiHandler(ApiFunction function) {
  return [function = std::move(function)](const HttpRequest& request, HttpResponse& response) {
    AddCorsHeaders(request, response);
    if (request.method == "OPTIONS") {
      response.status = 204;
      return;
    }
    base::Status status;
    try {
      status = function(request, response);
    } catch (const std::exception& e) {
      status = base::Internal(std::string("answer ") + request.path + ": " + e.what());
    }
    if (status.ok()) return;
    if (status.code() == base::StatusCode::kInternal || status.code() == base::StatusCode::kCorruption) {
      BW_LOG_EVERY(std::chrono::seconds(10), kError, "request failed", {"path", request.path}, {"error", status});
    }
    RespondError(response, status);
  };
}

RouteTable AllRoutes(const HandlerContext& context) {
  RouteTable routes;
  AddQueryRoutes(context, routes);
  AddMetadataRoutes(context, routes);
  AddRuleRoutes(context, routes);
  AddStatusRoutes(context, routes);
  AddAdminRoutes(context, routes);
  AddTsdbAdminRoutes(context, routes);
  AddWriteRoutes(context, routes);
  AddRemoteReadRoutes(context, routes);
  AddTextRoutes(context, routes);
  AddFederateRoutes(context, routes);
  AddGrafanaRoutes(context, routes);
  return routes;
}

}  // namespace bellwether::api
