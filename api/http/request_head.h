// api/http/request_head.h
//
// The guard at the door: takes the head of a request (request line and header lines) apart and refuses whatever is
// ambiguous, oversized or known as an attack, before a route is looked up or a byte of the body is read.
//
// There is one parser, and what it returns is what the handlers see; a second one behind it could read the same bytes
// differently, which is how requests are smuggled. Strict where RFC 9112 lets a server choose: lines end in CR LF, no
// folded lines, no blank before a colon, one Content-Length, no Transfer-Encoding. Nothing in a header value is
// decoded.
//
// Pure: no socket, no clock. Fuzzed by request_head_fuzz.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/http/http_server.h"

namespace bellwether::api {

// Why no handler saw a request; the label `reason` of bellwether_http_refused_total.
enum class RefusalReason : std::uint8_t {
  kMalformed,        // 400, not HTTP/1.x as we read it
  kVersion,          // 505
  kHeadTooLarge,     // 431, and 414 for the path
  kFraming,          // 400, two answers to the question where the body ends
  kForbiddenHeader,  // 400
  kLengthRequired,   // 411, chunked
  kBodyTooLarge,     // 413
  kContentType,      // 415, multipart
  kExpectation,      // 417
  kParameters,       // 400, the form or the query does not decode
  kNotFound,         // 404
  kMethod,           // 405
  kTimeout,          // 408
  kQueueFull,        // 503, the workers of this pool have more than enough to do
  kConnections,      // 503, too many connections
  kMemory,           // 503, too many bytes of bodies in memory
};
[[nodiscard]] std::string_view RefusalReasonName(RefusalReason reason);
inline constexpr int kRefusalReasons = 16;

struct Refused {
  int status = 400;
  RefusalReason reason = RefusalReason::kMalformed;
  std::string_view text;  // A constant; says what was wrong, quotes nothing.
};

struct RequestHead {
  std::string method;
  std::string path;   // As sent, percent-encoded; begins with '/', or is "*".
  std::string query;  // As sent, without '?'.
  Params headers;     // As sent, values without blanks around them.
  std::uint64_t content_length = 0;
  bool is_http_1_0 = false;
  bool keep_alive = true;
  bool expects_continue = false;
  bool is_form = false;  // Content-Type: application/x-www-form-urlencoded.
};

struct HeadLimits {
  std::size_t head_bytes_max = 16u << 10;
  std::size_t headers_max = 100;
  std::size_t path_bytes_max = 1024;
  std::uint64_t body_bytes_max = 64u << 20;
};

// Where the head at the front of `bytes` ends: one past its blank line; npos if it is not complete. `scanned` is how
// far an earlier call looked in the same bytes (0 at first) and is moved on, so that a head sent byte by byte costs
// linear time. A head with bare line feeds is found as well, for ParseRequestHead to refuse.
[[nodiscard]] std::size_t FindHeadEnd(std::string_view bytes, std::size_t& scanned);

// What is wrong with an unfinished head of this size, if anything.
[[nodiscard]] std::optional<Refused> CheckUnfinishedHead(std::string_view bytes, const HeadLimits& limits);

// Reads a complete head, blank line included, into `head`; the answer for the client if it is refused.
[[nodiscard]] std::optional<Refused> ParseRequestHead(std::string_view bytes, const HeadLimits& limits,
                                                      RequestHead& head);

// Header names and tokens in values compare so.
[[nodiscard]] bool EqualsIgnoreCase(std::string_view a, std::string_view b);

// RFC 9110 token: what a method or a header name is made of.
[[nodiscard]] bool IsHttpToken(std::string_view text);

// The first header of this name, any case; empty if absent.
[[nodiscard]] std::string_view FindHeader(const Params& headers, std::string_view name);

}  // namespace bellwether::api
