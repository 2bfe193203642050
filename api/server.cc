#include "api/server.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "api/handlers/alertmanager/v2.h"
#include "api/handlers/routes.h"
#include "api/http/http_server.h"
#include "api/json/envelope.h"
#include "base/log.h"

namespace bellwether::api {
namespace {

// The path of a URL without the slash at its end: "/bellwether" of "https://host/bellwether".
std::string RoutePrefixOf(std::string_view external_url) {
  if (const std::size_t scheme = external_url.find("://"); scheme != std::string_view::npos) {
    external_url.remove_prefix(scheme + 3);
    const std::size_t slash = external_url.find('/');
    external_url.remove_prefix(slash == std::string_view::npos ? external_url.size() : slash);
  }
  while (external_url.ends_with('/')) external_url.remove_suffix(1);
  return std::string(external_url);
}

int WorkersOrCores(int workers) {
  return workers > 0 ? workers : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// Of four writers three wait for the disk, and share its sync.
int IngestWorkers(int workers) { return workers > 0 ? workers : 4 * WorkersOrCores(0); }

HttpServerOptions HttpOptionsOf(const ServerOptions& options) {
  HttpServerOptions http;
  http.host = options.host;
  http.port = options.port;
  http.route_prefix = RoutePrefixOf(options.external_url);
  http.request_bytes_max = options.request_bytes_max;
  http.connections_max = options.connections_max;
  http.ingest_workers = IngestWorkers(options.ingest_workers);
  http.query_workers = WorkersOrCores(options.query_workers);
  http.request_timeout = options.request_timeout;
  return http;
}

}  // namespace

class Server::Impl {
 public:
  Impl(const ServerOptions& options, const ServerDependencies& dependencies)
      : context_(MakeContext(options, dependencies)), http_(HttpOptionsOf(options), dependencies.metrics) {
    http_.SetGate([this](const HttpRequest&, HttpResponse& response) { return Refuse(response); });
    http_.SetErrorBody(FillErrorBody);
    for (RouteEntry& route : AllRoutes(context_)) {
      http_.Route(std::move(route.methods), std::move(route.path), route.pool, std::move(route.handler));
    }
  }

  base::Status Listen() { return http_.Listen(); }
  [[nodiscard]] std::uint16_t port() const { return http_.port(); }
  void SetReady(bool ready) { ready_.store(ready); }
  void Stop(base::DurationMs grace) {
    stopping_.store(true);
    ready_.store(false);
    http_.Stop(grace);
  }

 private:
  HandlerContext MakeContext(const ServerOptions& options, const ServerDependencies& dependencies);

  // Answers for every handler but the administrative ones while the server starts or stops.
  bool Refuse(HttpResponse& response) const {
    if (ready_.load()) return false;
    RespondText(response, 503, "Service Unavailable");
    response.headers.emplace_back("X-Prometheus-Stopping", stopping_.load() ? "true" : "false");
    return true;
  }

  static void FillErrorBody(const HttpRequest& request, HttpResponse& response);

  std::atomic<bool> ready_{false};
  std::atomic<bool> stopping_{false};
  const HandlerContext context_;  // Before the server, whose handlers refer to it.
  HttpServer http_;
};

HandlerContext Server::Impl::MakeContext(const ServerOptions& options, const ServerDependencies& dependencies) {
  const base::TimestampMs now = dependencies.clock.Now();
  HandlerContext context{.storage = dependencies.storage,
                         .engine = dependencies.engine,
                         .clock = dependencies.clock,
                         .metrics = dependencies.metrics};
  context.write = [&ingest = dependencies.ingest](const ingest::WriteRequest& request) {
    return ingest.Handle(request);
  };
  context.import_text = [import = dependencies.text_import](const ingest::ImportRequest& request) {
    if (import != nullptr) return import->Handle(request);
    return ingest::ImportOutcome{.http_status = 503, .message = "nothing is imported here", .stopped = true};
  };
  context.groups = [] { return std::vector<rules::GroupSnapshot>(); };
  context.history = [](base::TimestampMs, base::TimestampMs) {
    return base::Result<std::vector<rules::AlertTransition>>(std::vector<rules::AlertTransition>());
  };
  if (rules::RuleManager* rules = dependencies.rules) {
    context.groups = [rules] { return rules->Groups(); };
    context.history = [rules](base::TimestampMs min, base::TimestampMs max) { return rules->History(min, max); };
  }
  if (dependencies.backtest_options) context.backtest_options = dependencies.backtest_options;
  context.topology = dependencies.topology;
  context.baselines = dependencies.baselines;
  context.dispatcher = dependencies.dispatcher;
  if (incidents::Suppressor* suppressor = dependencies.suppressor) {
    context.standings = [suppressor] { return suppressor->Snapshot(); };
  }
  if (dependencies.alertmanagers) context.alertmanagers = dependencies.alertmanagers;
  context.reload = dependencies.reload ? dependencies.reload : [] { return base::OkStatus(); };
  context.config_status = dependencies.config_status ? dependencies.config_status
                                                     : [now] { return ConfigStatus{.success = true, .at = now}; };
  if (dependencies.external_labels) context.external_labels = dependencies.external_labels;
  context.config_yaml = dependencies.config_yaml ? dependencies.config_yaml : [] { return std::string(); };
  context.flags =
      dependencies.flags ? dependencies.flags : [] { return std::vector<std::pair<std::string, std::string>>(); };
  context.ready = [this] { return ready_.load(); };
  context.stopping = [this] { return stopping_.load(); };
  context.started_at = now;
  context.version = options.version;
  context.storage_retention = options.storage_retention;
  context.cors_origin = options.cors_origin;
  context.query_log = dependencies.query_log;
  context.quit = dependencies.quit;
  context.enable_search = options.enable_search;
  context.search_limit_max = options.search_limit_max;
  context.remote_read = options.remote_read;
  context.enable_lifecycle = options.enable_lifecycle;
  context.enable_admin_api = options.enable_admin_api;
  return context;
}

// Answers that no handler made. Grafana's plugins read `message`; everybody else gets the line as it is.
void Server::Impl::FillErrorBody(const HttpRequest& request, HttpResponse& response) {
  const int status = response.status;
  if (status < 400) return;
  const std::string text = response.body;
  if (request.path == "/grafana" || request.path.starts_with("/grafana/")) {
    RespondJson(response, [&](JsonWriter& json) {
      json.BeginObject().Key("message").String(text).Key("error").BeginObject();
      json.Key("code").String("http_" + std::to_string(status)).Key("message").String(text).EndObject().EndObject();
    });
    response.status = status;
  } else if (request.path == "/api/v2" || request.path.starts_with("/api/v2/")) {
    const auto allow = std::find_if(response.headers.begin(), response.headers.end(),
                                    [](const auto& header) { return header.first == "Allow"; });
    FillV2Error(request, allow == response.headers.end() ? "" : allow->second, response);
  } else {
    response.body += '\n';
  }
}

Server::Server(const ServerOptions& options, const ServerDependencies& dependencies)
    : impl_(std::make_unique<Impl>(options, dependencies)) {}
Server::~Server() { Stop(base::DurationMs(0)); }

base::Status Server::Listen() { return impl_->Listen(); }
std::uint16_t Server::port() const { return impl_->port(); }
void Server::SetReady(bool ready) { impl_->SetReady(ready); }
void Server::Stop(base::DurationMs grace) { impl_->Stop(grace); }

}  // namespace bellwether::api
