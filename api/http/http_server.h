// api/http/http_server.h
//
// An HTTP/1.1 server as the handlers see it: requests with their parameters taken apart, responses as bytes or as a
// stream, routes by exact path.
//
// Connections rest in one epoll between requests and while a request arrives; a whole request goes to the pool of
// workers of its route, so that neither slow clients nor one kind of work starve another. Every head is checked before
// anything else happens (request_head.h); the body is read only if a route wants it and it is not too long.
//
// Behind it: cpp-httplib holds the listening socket and accepts (listener.cc). The rest of the packaged release 0.11.4
// is the road not taken, for what it does on it: request lines of more than 8 KiB and queries with a second '?' are
// refused, header values are percent-decoded, routes are regular expressions whose depth follows the path, form bodies
// above 8 KiB are refused while chunked ones pass the limit, responses leave in two pieces, 204 has a Content-Length,
// HTTP/1.0 clients are sent chunks, every text is compressed with Brotli at level 11, and a resting connection holds a
// thread. Feeding it a head we had parsed ourselves, to have the answer framed, was the last step tried: a second
// parser of the same bytes is a danger and sixty lines of framing are not.
//
// Compression: gzip, deflate or zstd, whichever the client weighs more or lists first, for text and JSON above 1 KiB.
//
// Limits: no chunked requests (411), no multipart (415), no TLS, no HTTP/2. A request without Content-Length has no
// body.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "base/status.h"
#include "base/time.h"

namespace bellwether::api {

using Params = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;  // "GET", "POST", ...
  std::string path;    // Percent-decoded, without the query and the route prefix; doubled slashes and one at the
                       // end are gone, but for "/".
  Params path_params;  // {name} segments of the route, decoded.
  Params params;       // Of a form body first, then of the URL; decoded, in order.
  Params headers;
  std::string body;             // Whole; empty for a form body, which is in `params` (never for kIngest).
  std::string remote_address;   // Without the port.
  std::stop_token client_gone;  // Requested when the client hangs up, or the server aborts; never for kIngest.

  // The first of that name; header names in any case. Empty if absent.
  [[nodiscard]] std::string_view Header(std::string_view name) const;
  [[nodiscard]] std::optional<std::string> Param(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> ParamAll(std::string_view name) const;
  [[nodiscard]] std::string_view PathParam(std::string_view name) const;
};

// Where a streamed body goes, in pieces of any size; they are gathered, compressed and sent as they come. False from
// Write: the client is gone, stop.
class BodySink {
 public:
  virtual ~BodySink() = default;
  virtual bool Write(std::string_view bytes) = 0;
  // The body cannot be finished: the answer is 500, or where some of it was sent the connection is cut, so that the
  // client does not take for whole what it has. What is written afterwards is dropped.
  virtual void Abort() {}
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  Params headers;  // Further ones; values without CR and LF (checked).
  std::string body;
  std::function<void(BodySink&)> stream;  // If set, makes the body instead of `body`.
};

// Whatever a handler throws becomes 500 with a text that tells nothing.
using HttpHandler = std::function<void(const HttpRequest&, HttpResponse&)>;
// True: the response is the answer. False: go on to the handler.
using HttpGate = std::function<bool(const HttpRequest&, HttpResponse&)>;
// Is given the answer as the server would send it (status, headers, a line of plain text as the body), and may change
// it.
using HttpErrorBody = std::function<void(const HttpRequest&, HttpResponse&)>;

// kBatch: one thread of low priority, for work that takes minutes.
enum class WorkerPool : std::uint8_t { kIngest, kQuery, kAdmin, kBatch };

struct HttpServerOptions {
  std::string host = "127.0.0.1";  // An address or a name; empty: every address.
  std::uint16_t port = 0;
  std::string route_prefix{};                 // "" or "/bellwether".
  std::size_t request_bytes_max = 64u << 20;  // More is 413 before it is read.
  std::size_t head_bytes_max = 16u << 10;     // Request line and headers; more is 431.
  std::size_t headers_max = 100;
  std::size_t path_bytes_max = 1024;          // Without the query; more is 414.
  std::size_t params_max = 20'000;            // Of the form and the URL together; more is 400.
  std::size_t bodies_bytes_max = 512u << 20;  // Of all requests in memory; more is 503.
  int connections_max = 1024;                 // Beyond it new connections are answered 503 and closed.
  int ingest_workers = 2;                     // Of each pool 0: as many as cores.
  int query_workers = 2;
  int admin_workers = 1;
  std::size_t ingest_queue_max = 256;  // Requests that wait for a worker; more are answered 503.
  std::size_t query_queue_max = 128;
  std::size_t admin_queue_max = 64;
  std::size_t batch_queue_max = 4;
  base::DurationMs request_timeout = base::Minutes(5);  // To read a whole request, then 408; and to take a response.
  base::DurationMs idle_timeout = base::Minutes(10);    // A resting connection is closed after it.
};

class HttpServer {
 public:
  // `metrics` outlives the server.
  HttpServer(HttpServerOptions options, base::MetricsRegistry& metrics);
  ~HttpServer();  // Stops.

  // `path` is exact; a segment may be {name}. Before Listen only. A path known under another method answers 405 with
  // Allow, an unknown one 404; HEAD is served by GET's handler. OPTIONS answers 204.
  void Route(const std::vector<std::string>& methods, std::string_view path, WorkerPool pool,
             const HttpHandler& handler);
  // Asked before each handler but those of kAdmin: 503 while starting, say. On a worker.
  void SetGate(HttpGate gate);
  // For 404, 405, 204 to OPTIONS and all other answers that no handler made. Quick and thread-safe: it runs on the
  // thread that serves all connections. The request has what was understood of it, without parameters and body.
  void SetErrorBody(HttpErrorBody fill);

  base::Status Listen();  // kUnavailable if the address is taken.
  [[nodiscard]] std::uint16_t port() const;
  // Stops accepting, closes resting connections, lets requests under way finish for at most `grace`; then cuts the
  // sockets, requests client_gone and waits for the handlers that still run. Once.
  void Stop(base::DurationMs grace);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bellwether::api
