#include "api/handlers/routes.h"

#include <exception>

#include "api/json/envelope.h"
#include "base/log.h"

namespace bellwether::api {
namespace {

// Any origin may read where none are named; requests carry no cookies of ours.
void AddCorsHeaders(const std::optional<metric::Matcher>& allowed, const HttpRequest& request, HttpResponse& response) {
  response.headers.emplace_back("Vary", "Origin");
  const std::string_view origin = request.Header("Origin");
  if (origin.empty()) return;
  response.headers.emplace_back("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Origin");
  response.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
  response.headers.emplace_back("Access-Control-Expose-Headers", "Date");
  if (!allowed) {
    response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  } else if (allowed->Matches(origin)) {
    response.headers.emplace_back("Access-Control-Allow-Origin", origin);
  }
}

}  // namespace

HttpHandler ApiHandler(const HandlerContext& context, ApiFunction function) {
  return [&context, function = std::move(function)](const HttpRequest& request, HttpResponse& response) {
    AddCorsHeaders(context.cors_origin, request, response);
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

RouteEntry ApiRoute(const HandlerContext& context, std::vector<std::string> methods, std::string path,
                    ContextFunction function, WorkerPool pool) {
  methods.emplace_back("OPTIONS");
  return {std::move(methods), std::move(path), pool,
          ApiHandler(context,
                     [&context, function = std::move(function)](const HttpRequest& request, HttpResponse& response) {
                       return function(context, request, response);
                     })};
}

void RespondDisabled(HttpResponse& response, const char* why) {
  RespondError(response, base::Unavailable(why));
  response.status = 500;
}

RouteTable AllRoutes(const HandlerContext& context) {
  RouteTable routes;
  AddQueryRoutes(context, routes);
  AddMetadataRoutes(context, routes);
  AddSearchRoutes(context, routes);
  AddRuleRoutes(context, routes);
  AddBacktestRoutes(context, routes);
  AddRuleCheckRoutes(context, routes);
  AddTopologyRoutes(context, routes);
  AddBaselineRoutes(context, routes);
  AddNotificationRoutes(context, routes);
  AddStatusRoutes(context, routes);
  AddFeatureRoutes(context, routes);
  AddTargetRoutes(context, routes);
  AddAdminRoutes(context, routes);
  AddTsdbAdminRoutes(context, routes);
  AddWriteRoutes(context, routes);
  AddRemoteReadRoutes(context, routes);
  AddTextRoutes(context, routes);
  AddFederateRoutes(context, routes);
  AddGrafanaRoutes(context, routes);
  AddAlertmanagerRoutes(context, routes);
  return routes;
}

}  // namespace bellwether::api
