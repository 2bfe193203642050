#include "api/http/responder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "api/http/request_head.h"
#include "base/log.h"

namespace bellwether::api {
namespace {

constexpr std::size_t kCompressBytesMin = 1024;
constexpr std::size_t kStreamPieceBytes = 64u << 10;
constexpr std::size_t kStreamBacklogBytes = 8u << 20;
constexpr std::size_t kJoinBytesMax = 16u << 10;  // Smaller bodies are copied behind their head: one piece to send.

std::string_view ResponseReason(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 499: return "Client Closed Request";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Status";
  }
}

bool ResponseIsClean(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool ResponseIsSendable(const HttpResponse& response) {
  if (response.status < 200 || response.status > 599 || !ResponseIsClean(response.content_type)) return false;
  return std::all_of(response.headers.begin(), response.headers.end(),
                     [](const auto& h) { return IsHttpToken(h.first) && ResponseIsClean(h.second); });
}

bool ResponseHasNoBody(int status) { return status == 204 || status == 304; }

void ResponseAppendNumber(std::string& out, std::uint64_t value, int radix) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, radix).ptr;
  out.append(digits.data(), end);
}

void ResponseAppendHeader(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
void ResponseAppendDate(std::string& out) {
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  const auto two = [&](int n) {
    out.push_back(static_cast<char>('0' + n / 10));
    out.push_back(static_cast<char>('0' + n % 10));
  };
  out.append("Date: ").append(kDays[static_cast<std::size_t>(utc.tm_wday)]).append(", ");
  two(utc.tm_mday);
  out.append(" ").append(kMonths[static_cast<std::size_t>(utc.tm_mon)]).append(" ");
  ResponseAppendNumber(out, static_cast<std::uint64_t>(utc.tm_year) + 1900, 10);
  out.push_back(' ');
  two(utc.tm_hour);
  out.push_back(':');
  two(utc.tm_min);
  out.push_back(':');
  two(utc.tm_sec);
  out.append(" GMT\r\n");
}

struct ResponseFraming {
  std::optional<std::uint64_t> length;  // Content-Length.
  bool chunked = false;
  bool varies = false;  // By Accept-Encoding.
  ContentCoding coding = ContentCoding::kIdentity;
};

void ResponseAppendHead(std::string& out, const HttpResponse& response, const ResponseForm& form,
                        const ResponseFraming& framing) {
  out.append("HTTP/1.1 ");
  ResponseAppendNumber(out, static_cast<std::uint64_t>(response.status), 10);
  out.append(" ").append(ResponseReason(response.status)).append("\r\n");
  ResponseAppendDate(out);
  if (!response.content_type.empty() && !ResponseHasNoBody(response.status)) {
    ResponseAppendHeader(out, "Content-Type", response.content_type);
  }
  for (const auto& [name, value] : response.headers) ResponseAppendHeader(out, name, value);
  if (framing.varies) ResponseAppendHeader(out, "Vary", "Accept-Encoding");
  if (framing.coding != ContentCoding::kIdentity) {
    ResponseAppendHeader(out, "Content-Encoding", ContentCodingName(framing.coding));
  }
  if (framing.length) {
    out.append("Content-Length: ");
    ResponseAppendNumber(out, *framing.length, 10);
    out.append("\r\n");
  }
  if (framing.chunked) ResponseAppendHeader(out, "Transfer-Encoding", "chunked");
  if (!form.keep_alive) {
    ResponseAppendHeader(out, "Connection", "close");
  } else if (form.is_http_1_0) {
    ResponseAppendHeader(out, "Connection", "keep-alive");
  }
  out.append("\r\n");
}

bool ResponseMayCompress(const HttpResponse& response) {
  return IsCompressible(response.content_type) && FindHeader(response.headers, "Content-Encoding").empty();
}

// The body of a streamed response. Nothing is sent before the first 64 KiB: shorter streams become whole responses.
class ResponseStream final : public BodySink {
 public:
  ResponseStream(Connection& connection, ResponseForm form, const HttpResponse& response, CompressorPool& compressors,
                 std::chrono::milliseconds stall)
      : connection_(connection), form_(form), response_(response), compressors_(compressors), stall_(stall) {}

  bool Write(std::string_view bytes) override {
    if (broken_) return false;
    if (form_.without_body) return true;
    pending_.append(bytes);
    if (pending_.size() < kStreamPieceBytes) return true;
    return Flush(Compressor::Piece::kMore);
  }

  void Abort() override { aborted_ = broken_ = true; }

  // True: it became long enough to be sent in chunks, and is complete now.
  bool FinishChunks() {
    if (!head_sent_) return false;
    if (!broken_) Flush(Compressor::Piece::kLast);
    if (!broken_ && !form_.is_http_1_0) connection_.out.body.append("0\r\n\r\n");
    if (!broken_) compressors_.Return(coding_, std::move(compressor_));
    return true;
  }

  [[nodiscard]] bool broken() const { return broken_; }
  [[nodiscard]] bool aborted() const { return aborted_; }
  [[nodiscard]] bool head_sent() const { return head_sent_; }
  [[nodiscard]] std::string TakePending() { return std::move(pending_); }

 private:
  bool Flush(Compressor::Piece piece) {
    if (!head_sent_) SendHead();
    std::string* bytes = &pending_;
    std::string encoded;
    if (compressor_ != nullptr) {
      if (!compressor_->Append(pending_, piece, encoded)) {
        broken_ = true;
        return false;
      }
      bytes = &encoded;
    }
    AppendChunk(*bytes);
    pending_.clear();
    broken_ = connection_.SendBlocking(kStreamBacklogBytes, stall_) == Connection::Io::kClosed;
    return !broken_;
  }

  void SendHead() {
    head_sent_ = true;
    const bool may_compress = ResponseMayCompress(response_);
    coding_ = may_compress ? form_.coding : ContentCoding::kIdentity;
    compressor_ = compressors_.Take(coding_);
    ResponseAppendHead(connection_.out.head, response_, form_,
                       {.length = {}, .chunked = !form_.is_http_1_0, .varies = may_compress, .coding = coding_});
  }

  void AppendChunk(std::string_view bytes) {
    Outgoing& out = connection_.out;
    out.DropSent();
    if (bytes.empty()) return;
    if (form_.is_http_1_0) {
      out.body.append(bytes);
      return;
    }
    ResponseAppendNumber(out.body, bytes.size(), 16);
    out.body.append("\r\n").append(bytes).append("\r\n");
  }

  Connection& connection_;
  const ResponseForm form_;
  const HttpResponse& response_;
  CompressorPool& compressors_;
  const std::chrono::milliseconds stall_;
  std::string pending_;
  ContentCoding coding_ = ContentCoding::kIdentity;
  std::unique_ptr<Compressor> compressor_;
  bool head_sent_ = false;
  bool broken_ = false;
  bool aborted_ = false;
};

// False if it threw.
bool ResponseRunStream(const std::function<void(BodySink&)>& stream, BodySink& sink) {
  try {
    stream(sink);
    return true;
  } catch (const std::exception& e) {
    BW_LOG_EVERY(std::chrono::seconds(10), kError, "a handler failed", {"error", std::string(e.what())});
  } catch (...) {
    BW_LOG_EVERY(std::chrono::seconds(10), kError, "a handler failed", {"error", "unknown"});
  }
  return false;
}

}  // namespace

HttpResponse InternalErrorResponse() {
  HttpResponse response;
  response.status = 500;
  response.content_type = "text/plain; charset=utf-8";
  response.body = "internal server error\n";
  return response;
}

bool Responder::Respond(Connection& connection, ResponseForm form, HttpResponse& response) {
  if (!ResponseIsSendable(response)) {
    BW_LOG_EVERY(std::chrono::seconds(10), kError, "a handler made a response that cannot be sent",
                 {"status", response.status});
    response = InternalErrorResponse();
  }
  if (response.stream && !ResponseHasNoBody(response.status)) return RespondStream(connection, form, response);
  RespondWhole(connection, form, response);
  return true;
}

bool Responder::RespondStream(Connection& connection, ResponseForm form, HttpResponse& response) {
  if (form.without_body) {
    // Its length is unknown without making it.
    ResponseAppendHead(connection.out.head, response, form, {.length = {}, .varies = ResponseMayCompress(response)});
    return true;
  }
  if (form.is_http_1_0) form.keep_alive = false;  // Only the end of the connection tells the end of a long body.
  ResponseStream sink(connection, form, response, compressors_, stall_);
  if (!ResponseRunStream(response.stream, sink) || sink.aborted()) {
    if (sink.head_sent()) return false;
    response = InternalErrorResponse();
    RespondWhole(connection, form, response);
    return true;
  }
  if (!form.keep_alive) connection.close_after_response = true;
  if (!sink.FinishChunks()) {
    response.body = sink.TakePending();
    RespondWhole(connection, form, response);
  }
  return !sink.broken();
}

void Responder::RespondWhole(Connection& connection, ResponseForm form, HttpResponse& response) {
  Outgoing& out = connection.out;
  ResponseFraming framing;
  if (ResponseHasNoBody(response.status)) {
    ResponseAppendHead(out.head, response, form, framing);
    return;
  }
  if (response.body.size() > kCompressBytesMin && ResponseMayCompress(response)) {
    framing.varies = true;
    std::string encoded;
    auto compressor = compressors_.Take(form.coding);
    if (compressor != nullptr && compressor->Append(response.body, Compressor::Piece::kLast, encoded)) {
      response.body = std::move(encoded);
      framing.coding = form.coding;
      compressors_.Return(form.coding, std::move(compressor));
    }
  }
  framing.length = response.body.size();
  ResponseAppendHead(out.head, response, form, framing);
  if (form.without_body) return;
  if (response.body.size() <= kJoinBytesMax) {
    out.head.append(response.body);
  } else {
    out.body = std::move(response.body);
  }
}

}  // namespace bellwether::api
