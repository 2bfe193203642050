// The routes outside the API: health, readiness, reload, and the server's own metrics. They answer from the start.
#include "api/handlers/routes.h"
#include "api/json/envelope.h"

namespace bellwether::api {
namespace {

void Healthy(const HandlerContext&, const HttpRequest&, HttpResponse& response) {
  RespondText(response, 200, "Bellwether is Healthy.\n");
}

void Ready(const HandlerContext& context, const HttpRequest&, HttpResponse& response) {
  if (context.ready()) {
    RespondText(response, 200, "Bellwether is Ready.\n");
    return;
  }
  RespondText(response, 503, "Service Unavailable");
  response.headers.emplace_back("X-Prometheus-Stopping", context.stopping() ? "true" : "false");
}

// Answers what must not be done: true.
bool RefuseLifecycle(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  if (request.method != "POST" && request.method != "PUT") {
    RespondText(response, 405, "Only POST or PUT requests allowed");
    response.headers.emplace_back("Allow", "POST, PUT");
    return true;
  }
  if (!context.enable_lifecycle) RespondText(response, 403, "Lifecycle API is not enabled.");
  return !context.enable_lifecycle;
}

void Quit(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  if (RefuseLifecycle(context, request, response)) return;
  if (!context.quit) return RespondText(response, 501, "This server cannot be ended over HTTP.");
  context.quit();
  RespondText(response, 200, "Requesting termination... Goodbye!");
}

void Reload(const HandlerContext& context, const HttpRequest& request, HttpResponse& response) {
  if (RefuseLifecycle(context, request, response)) return;
  const base::Status status = context.reload();
  if (status.ok()) {
    RespondText(response, 200, "");
  } else {
    RespondText(response, 500, "failed to reload config: " + status.message() + "\n");
  }
}

void OwnMetrics(const HandlerContext& context, const HttpRequest&, HttpResponse& response) {
  RespondText(response, 200, context.metrics.WriteText());
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace

void AddAdminRoutes(const HandlerContext& context, RouteTable& routes) {
  using Handler = void (*)(const HandlerContext&, const HttpRequest&, HttpResponse&);
  const auto add = [&](std::vector<std::string> methods, std::string path, Handler handler) {
    routes.push_back({std::move(methods), std::move(path), WorkerPool::kAdmin,
                      [&context, handler](const HttpRequest& request, HttpResponse& response) {
                        handler(context, request, response);
                      }});
  };
  add({"GET"}, "/-/healthy", Healthy);
  add({"GET"}, "/-/ready", Ready);
  add({"GET", "POST", "PUT"}, "/-/reload", Reload);
  add({"GET", "POST", "PUT"}, "/-/quit", Quit);
  add({"GET"}, "/metrics", OwnMetrics);
}

}  // namespace bellwether::api
