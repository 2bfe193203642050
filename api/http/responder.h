// api/http/responder.h
//
// From an HttpResponse to bytes on a connection: status line and headers, Content-Length or chunks, compression.
//
// A whole body is left in connection.out, and the loop sends what the socket does not take at once: a slow reader costs
// memory, not a worker. A streamed body does the same up to 8 MiB, then its handler waits for the client.
#pragma once

#include <chrono>
#include <string_view>

#include "api/http/connection.h"
#include "api/http/content_coding.h"
#include "api/http/http_server.h"

namespace bellwether::api {

// What of the request matters for the form of the response.
struct ResponseForm {
  bool without_body = false;  // HEAD
  bool is_http_1_0 = false;
  bool keep_alive = true;
  ContentCoding coding = ContentCoding::kIdentity;
};

// 500 and a text that tells nothing of the cause.
[[nodiscard]] HttpResponse InternalErrorResponse();

class Responder {
 public:
  // Streams wait at most `stall` for a client that reads nothing.
  explicit Responder(std::chrono::milliseconds stall) : stall_(stall) {}

  // Fills connection.out; of a stream everything but the end has been sent on return. Sets close_after_response where
  // the connection cannot be used again. False: the connection is broken, close it. A response that cannot be sent as
  // it is (a line break in a header value) becomes 500, and `response.status` says so.
  [[nodiscard]] bool Respond(Connection& connection, ResponseForm form, HttpResponse& response);

 private:
  bool RespondStream(Connection& connection, ResponseForm form, HttpResponse& response);
  void RespondWhole(Connection& connection, ResponseForm form, HttpResponse& response);

  const std::chrono::milliseconds stall_;
  CompressorPool compressors_;
};

}  // namespace bellwether::api
