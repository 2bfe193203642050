// api/http/pipeline.h
//
// The way of a request: bytes -> guarded head -> route -> body -> queue of its pool -> handler -> response -> the next
// one.
//
// Reading happens on the loop's thread and never waits, so a client that sends slowly costs a buffer and no worker.
// What needs no handler (404, 405, OPTIONS, refusals) is answered there as well. A worker runs the handler, sends what
// the socket takes, and hands the connection back to the loop; if the next request is in the buffer already
// (pipelining), it is queued without that detour.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/http/connection_loop.h"
#include "api/http/http_metrics.h"
#include "api/http/http_server.h"
#include "api/http/responder.h"
#include "api/http/router.h"
#include "api/http/worker_threads.h"

namespace bellwether::api {

class Pipeline final : public ConnectionLoop::Client {
 public:
  Pipeline(const HttpServerOptions& options, base::MetricsRegistry& metrics);
  ~Pipeline() override;  // Stops.

  // Before Start only.
  void Route(const std::vector<std::string>& methods, std::string_view path, WorkerPool pool,
             const HttpHandler& handler);
  void SetGate(HttpGate gate) { gate_ = std::move(gate); }
  void SetErrorBody(HttpErrorBody fill) { error_body_ = std::move(fill); }

  base::Status Start();
  // Takes an accepted socket. From any thread.
  void TakeSocket(int socket);
  void Stop(base::DurationMs grace);

  void OnReady(const ConnectionPtr& connection, Waiting what) override;
  void OnDeadline(const ConnectionPtr& connection, Waiting what) override;

 private:
  // kHandedOver: another owns the connection now, or it is closed; do not touch it.
  enum class Step : std::uint8_t { kContinue, kNeedInput, kHandedOver };

  void ReadInput(const ConnectionPtr& connection);
  void Linger(const ConnectionPtr& connection);
  // Understands what was read, as many requests as it takes to need input or a worker.
  Step Advance(const ConnectionPtr& connection);
  Step AdvanceHead(const ConnectionPtr& connection);
  Step FindRoute(const ConnectionPtr& connection);
  Step AdvanceBody(const ConnectionPtr& connection);
  bool GrowBody(Incoming& incoming);
  Step Dispatch(const ConnectionPtr& connection);
  void Rest(const ConnectionPtr& connection);

  void RunHandler(const ConnectionPtr& connection, SteadyTime received);
  HttpResponse Handle(Connection& connection);
  std::optional<HttpResponse> BuildRequest(Connection& connection, WorkerPool pool, HttpRequest& request);

  Step Refuse(const ConnectionPtr& connection, const Refused& refused);
  Step AnswerOptions(const ConnectionPtr& connection);
  HttpResponse OwnResponse(const Connection& connection, int status, std::string_view text, Params headers);
  // An answer that no handler made. The request's body, where there is one, is not read, and the connection ends with
  // it.
  Step Answer(const ConnectionPtr& connection, HttpResponse response);
  Step SendOut(const ConnectionPtr& connection);
  Step FinishResponse(const ConnectionPtr& connection);
  ResponseForm FormOf(const Connection& connection) const;

  const HttpServerOptions options_;
  const HeadLimits limits_;
  std::vector<std::string> prefix_;
  HttpMetrics metrics_;
  Router router_;
  HttpGate gate_;
  HttpErrorBody error_body_;
  Responder responder_;
  std::atomic<std::size_t> body_bytes_{0};  // In memory, of all requests.
  std::array<std::unique_ptr<WorkerThreads>, 4> workers_;
  ConnectionLoop loop_;
  bool stopped_ = false;
};

}  // namespace bellwether::api
