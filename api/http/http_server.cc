#include "api/http/http_server.h"

#include <utility>

#include "api/http/listener.h"
#include "api/http/pipeline.h"
#include "api/http/request_head.h"
#include "base/check.h"

namespace bellwether::api {

std::string_view HttpRequest::Header(std::string_view name) const { return FindHeader(headers, name); }

std::optional<std::string> HttpRequest::Param(std::string_view name) const {
  for (const auto& [k, v] : params) {
    if (k == name) return v;
  }
  return std::nullopt;
}

std::vector<std::string> HttpRequest::ParamAll(std::string_view name) const {
  std::vector<std::string> all;
  for (const auto& [k, v] : params) {
    if (k == name) all.push_back(v);
  }
  return all;
}

std::string_view HttpRequest::PathParam(std::string_view name) const {
  for (const auto& [k, v] : path_params) {
    if (k == name) return v;
  }
  return {};
}

class HttpServer::Impl {
 public:
  Impl(HttpServerOptions options, base::MetricsRegistry& metrics)
      : options_(std::move(options)), pipeline_(options_, metrics) {}

  base::Status Listen() {
    BW_RETURN_IF_ERROR(listener_.Bind(options_.host, options_.port));
    BW_RETURN_IF_ERROR(pipeline_.Start());
    listening_ = true;
    listener_.Start([this](int socket) { pipeline_.TakeSocket(socket); });
    return base::OkStatus();
  }

  void Stop(base::DurationMs grace) {
    listener_.Stop();
    pipeline_.Stop(grace);
  }

  const HttpServerOptions options_;
  bool listening_ = false;
  Pipeline pipeline_;
  Listener listener_;
};

HttpServer::HttpServer(HttpServerOptions options, base::MetricsRegistry& metrics)
    : impl_(std::make_unique<Impl>(std::move(options), metrics)) {}

HttpServer::~HttpServer() { Stop(base::DurationMs(0)); }

void HttpServer::Route(const std::vector<std::string>& methods, std::string_view path, WorkerPool pool,
                       const HttpHandler& handler) {
  BW_CHECK(!impl_->listening_);
  impl_->pipeline_.Route(methods, path, pool, handler);
}

void HttpServer::SetGate(HttpGate gate) { impl_->pipeline_.SetGate(std::move(gate)); }
void HttpServer::SetErrorBody(HttpErrorBody fill) { impl_->pipeline_.SetErrorBody(std::move(fill)); }
base::Status HttpServer::Listen() { return impl_->Listen(); }
std::uint16_t HttpServer::port() const { return impl_->listener_.port(); }
void HttpServer::Stop(base::DurationMs grace) { impl_->Stop(grace); }

}  // namespace bellwether::api
