// api/http/http_server.h
//
// An HTTP/1.1 server as the handlers see it: requests with their parameters taken apart, responses as bytes or as a
// stream, routes by exact path. Behind it cpp-httplib parses and answers; connections rest in epoll between requests, and
// every request is checked before the library sees it (length and number of header lines, path, Content-Length against
// Transfer-Encoding, forbidden names), because the packaged release has known holes there.
//
// Each route belongs to a pool of workers, so that one kind of work never starves another.
//
// Compression: gzip or zstd, whichever the client lists first and we know, for bodies above 1 KiB; never Brotli.
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
  std::string method;        // "GET", "POST", ...
  std::string path;          // Percent-decoded, without the query and without the route prefix; no trailing slash but "/".
  Params path_params;        // {name} segments of the route, decoded.
  Params params;             // Of a form body first, then of the URL; decoded, in order.
  Params headers;
  std::string body;          // Whole; empty for a form body, which is in `params`.
  std::string remote_address;
  std::stop_token client_gone;  // Requested when the client hangs up during a long handler.

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
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  Params headers;                               // Further ones; values without CR and LF (checked).
  std::string body;
  std::function<void(BodySink&)> stream;        // If set, makes the body instead of `body`.
};

using HttpHandler = std::function<void(const HttpRequest&, HttpResponse&)>;

enum class WorkerPool : std::uint8_t { kIngest, kQuery, kAdmin };

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string route_prefix;                     // "" or "/bellwether".
  std::size_t request_bytes_max = 64u << 20;    // More is 413 before it is read.
  std::size_t head_bytes_max = 16u << 10;       // Request line and headers; more is 431.
  std::size_t headers_max = 100;
  std::size_t path_bytes_max = 1024;            // Without the query; more is 414.
  int connections_max = 1024;                   // Beyond it new connections are answered 503 and closed.
  int ingest_workers = 2;
  int query_workers = 2;
  int admin_workers = 1;
  base::DurationMs request_timeout = base::Minutes(5);  // To read a whole request; then 408.
  base::DurationMs idle_timeout = base::Minutes(10);    // A resting connection is closed after it.
};

class HttpServer {
 public:
  // `metrics` outlives the server.
  HttpServer(HttpServerOptions options, base::MetricsRegistry& metrics);
  ~HttpServer();  // Stops.

  // `path` is exact; a segment may be {name}. Before Listen only. A path known under another method answers 405 with
  // Allow, an unknown one 404; HEAD is served by GET's handler. OPTIONS answers 204.
  void Route(std::vector<std::string> methods, std::string path, WorkerPool pool, HttpHandler handler);
  // Asked before each handler but those of kAdmin: a response here (503 while starting) takes its place.
  void SetGate(std::function<bool(const HttpRequest&, HttpResponse&)> gate);
  // The body of 404 and 405 and other answers that no handler made.
  void SetErrorBody(std::function<void(const HttpRequest&, HttpResponse&)> fill);

  base::Status Listen();  // kUnavailable if the address is taken.
  [[nodiscard]] std::uint16_t port() const;
  void Stop(base::DurationMs grace);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bellwether::api
