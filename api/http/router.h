// api/http/router.h
//
// Paths to handlers, without regular expressions: an exact path is one hash look-up; a path with {name} segments is
// compared segment by segment, in the order of registration, and stands behind every exact one.
//
// Filled before the server listens, then read by all threads.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/http/http_metrics.h"
#include "api/http/http_server.h"

namespace bellwether::api {

struct Endpoint {
  WorkerPool pool = WorkerPool::kAdmin;
  HttpHandler handler;
};

struct Route {
  std::string pattern;                                     // "/api/v1/label/{name}/values"
  std::map<std::string, Endpoint, std::less<>> endpoints;  // By method.
  HandlerMetrics* metrics = nullptr;

  // For a HEAD, GET's. Null if the method is not served.
  [[nodiscard]] const Endpoint* EndpointOf(std::string_view method) const;
  // "GET, HEAD, OPTIONS"
  [[nodiscard]] std::string Allow() const;
};

struct RouteMatch {
  const Route* route = nullptr;  // Null: no such path.
  Params path_params;
};

class Router {
 public:
  // The route of this pattern, made at the first call.
  Route& Add(std::string_view pattern);
  [[nodiscard]] RouteMatch Find(const std::vector<std::string>& segments) const;

 private:
  struct Pattern {
    std::vector<std::string> segments;  // "{name}" matches any one segment.
    std::unique_ptr<Route> route;
  };

  std::unordered_map<std::string, std::unique_ptr<Route>> exact_;
  std::vector<Pattern> patterns_;
};

}  // namespace bellwether::api
