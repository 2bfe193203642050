#include "api/http/request_head.h"

#include <algorithm>
#include <array>

namespace bellwether::api {
namespace {

constexpr std::size_t kMethodBytesMax = 32;
constexpr std::size_t kLengthDigitsMax = 18;

Refused HeadMalformed(std::string_view text) { return {400, RefusalReason::kMalformed, text}; }

char HeadLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool HeadStartsWithIgnoreCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && EqualsIgnoreCase(text.substr(0, prefix.size()), prefix);
}

bool HeadIsTokenChar(char c) {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool HeadIsValueChar(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

bool HeadIsTargetChar(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f && byte != '#';
}

std::string_view HeadTrim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Names under which the packaged library hands its own findings to handlers; whoever reads them from a request believes
// what a stranger wrote.
bool HeadIsForbiddenName(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNames = {"REMOTE_ADDR", "REMOTE_PORT", "LOCAL_ADDR", "LOCAL_PORT",
                                                      "EXCEPTION_WHAT"};
  return std::any_of(kNames.begin(), kNames.end(), [&](auto n) { return EqualsIgnoreCase(n, name); });
}

bool HeadHasEncodedLineBreak(std::string_view value) {
  for (std::size_t at = value.find('%'); at != std::string_view::npos; at = value.find('%', at + 1)) {
    if (at + 2 >= value.size() || value[at + 1] != '0') continue;
    const char low = HeadLower(value[at + 2]);
    if (low == 'a' || low == 'd') return true;
  }
  return false;
}

bool HeadListHasToken(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (EqualsIgnoreCase(HeadTrim(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
  return false;
}

// Takes the first line off `rest`; nullopt if it does not end in CR LF.
std::optional<std::string_view> HeadTakeLine(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos || end == 0 || rest[end - 1] != '\r') return std::nullopt;
  const std::string_view line = rest.substr(0, end - 1);
  rest.remove_prefix(end + 1);
  return line;
}

std::optional<Refused> HeadReadVersion(std::string_view version, RequestHead& head) {
  if (version == "HTTP/1.1" || version == "HTTP/1.0") {
    head.is_http_1_0 = version.back() == '0';
    head.keep_alive = !head.is_http_1_0;
    return std::nullopt;
  }
  if (version.size() == 8 && version.starts_with("HTTP/")) {
    return Refused{505, RefusalReason::kVersion, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  }
  return HeadMalformed("malformed request line");
}

// The absolute form "http://host/path" is cut to its path.
std::optional<Refused> HeadReadTarget(std::string_view target, const HeadLimits& limits, RequestHead& head) {
  if (!std::all_of(target.begin(), target.end(), HeadIsTargetChar)) return HeadMalformed("malformed request target");
  for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
    if (!HeadStartsWithIgnoreCase(target, scheme)) continue;
    target.remove_prefix(scheme.size());
    target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
    if (target.empty()) target = "/";
    break;
  }
  const std::size_t question = target.find('?');
  const std::string_view path = target.substr(0, question);
  if (path.size() > limits.path_bytes_max) return Refused{414, RefusalReason::kHeadTooLarge, "path too long"};
  if (!path.starts_with('/') && target != "*") return HeadMalformed("malformed request target");
  head.path = path;
  if (question != std::string_view::npos) head.query = target.substr(question + 1);
  return std::nullopt;
}

std::optional<Refused> HeadReadRequestLine(std::string_view line, const HeadLimits& limits, RequestHead& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return HeadMalformed("malformed request line");
  const std::string_view method = line.substr(0, first);
  if (!IsHttpToken(method) || method.size() > kMethodBytesMax) return HeadMalformed("malformed request method");
  head.method = method;
  if (auto refused = HeadReadVersion(line.substr(last + 1), head)) return refused;
  return HeadReadTarget(line.substr(first + 1, last - first - 1), limits, head);
}

std::optional<Refused> HeadReadHeaderLine(std::string_view line, RequestHead& head) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return HeadMalformed("header line without a colon");
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = HeadTrim(line.substr(colon + 1));
  // Catches folded lines and blanks before the colon, too.
  if (!IsHttpToken(name)) return HeadMalformed("malformed header name");
  if (!std::all_of(value.begin(), value.end(), HeadIsValueChar)) return HeadMalformed("malformed header value");
  if (HeadIsForbiddenName(name)) return Refused{400, RefusalReason::kForbiddenHeader, "forbidden header name"};
  // A page's address may hold a query of several lines, and browsers send it along.
  if (HeadHasEncodedLineBreak(value) && !EqualsIgnoreCase(name, "Referer")) {
    return Refused{400, RefusalReason::kForbiddenHeader, "encoded line break in a header value"};
  }
  head.headers.emplace_back(name, value);
  return std::nullopt;
}

struct HeadFraming {
  int hosts = 0;
  int lengths = 0;
  bool has_transfer_encoding = false;
  std::string_view length;
};

std::optional<Refused> HeadReadLength(const HeadFraming& framing, const HeadLimits& limits, RequestHead& head) {
  constexpr auto kFraming = RefusalReason::kFraming;
  if (framing.lengths > 1) return Refused{400, kFraming, "more than one Content-Length"};
  if (framing.has_transfer_encoding) {
    if (framing.lengths > 0) return Refused{400, kFraming, "Content-Length beside Transfer-Encoding"};
    return Refused{411, RefusalReason::kLengthRequired, "send a Content-Length; chunked requests are not accepted"};
  }
  if (framing.lengths == 0) return std::nullopt;
  if (framing.length.empty()) return Refused{400, kFraming, "Content-Length is not a number"};
  std::uint64_t length = 0;
  for (const char c : framing.length) {
    if (c < '0' || c > '9') return Refused{400, kFraming, "Content-Length is not a number"};
    // Saturates far above every limit.
    if (framing.length.size() <= kLengthDigitsMax) length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (framing.length.size() > kLengthDigitsMax || length > limits.body_bytes_max) {
    return Refused{413, RefusalReason::kBodyTooLarge, "request body too large"};
  }
  head.content_length = length;
  return std::nullopt;
}

// What single headers mean for the reading of the request.
std::optional<Refused> HeadJudgeHeaders(const HeadLimits& limits, RequestHead& head) {
  HeadFraming framing;
  for (const auto& [name, value] : head.headers) {
    if (EqualsIgnoreCase(name, "Host")) {
      ++framing.hosts;
    } else if (EqualsIgnoreCase(name, "Content-Length")) {
      ++framing.lengths;
      framing.length = value;
    } else if (EqualsIgnoreCase(name, "Transfer-Encoding")) {
      framing.has_transfer_encoding = true;
    } else if (EqualsIgnoreCase(name, "Connection")) {
      if (HeadListHasToken(value, "close")) {
        head.keep_alive = false;
      } else if (head.is_http_1_0 && HeadListHasToken(value, "keep-alive")) {
        head.keep_alive = true;
      }
    } else if (EqualsIgnoreCase(name, "Expect")) {
      if (!EqualsIgnoreCase(value, "100-continue")) {
        return Refused{417, RefusalReason::kExpectation, "unknown expectation"};
      }
      head.expects_continue = !head.is_http_1_0;
    } else if (EqualsIgnoreCase(name, "Content-Type")) {
      if (HeadStartsWithIgnoreCase(value, "multipart/")) {
        return Refused{415, RefusalReason::kContentType, "multipart bodies are not accepted"};
      }
      head.is_form = EqualsIgnoreCase(HeadTrim(std::string_view(value).substr(0, value.find(';'))),
                                      "application/x-www-form-urlencoded");
    }
  }
  if (framing.hosts > 1 || (framing.hosts == 0 && !head.is_http_1_0)) return HeadMalformed("one Host header is needed");
  return HeadReadLength(framing, limits, head);
}

}  // namespace

std::string_view RefusalReasonName(RefusalReason reason) {
  constexpr std::array<std::string_view, kRefusalReasons> kNames = {
      "malformed",      "version",      "head_too_large", "framing",    "forbidden_header", "length_required",
      "body_too_large", "content_type", "expectation",    "parameters", "not_found",        "method",
      "timeout",        "queue_full",   "connections",    "memory"};
  return kNames[static_cast<std::size_t>(reason)];
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return HeadLower(x) == HeadLower(y); });
}

bool IsHttpToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), HeadIsTokenChar);
}

std::string_view FindHeader(const Params& headers, std::string_view name) {
  for (const auto& [k, v] : headers) {
    if (EqualsIgnoreCase(k, name)) return v;
  }
  return {};
}

std::size_t FindHeadEnd(std::string_view bytes, std::size_t& scanned) {
  for (std::size_t at = bytes.find('\n', scanned); at != std::string_view::npos; at = bytes.find('\n', at + 1)) {
    const bool after_cr = at > 0 && bytes[at - 1] == '\r';
    const std::size_t line_end = after_cr ? at - 1 : at;
    if (line_end == 0 || bytes[line_end - 1] == '\n') return at + 1;
  }
  scanned = bytes.size();
  return std::string_view::npos;
}

std::optional<Refused> CheckUnfinishedHead(std::string_view bytes, const HeadLimits& limits) {
  if (bytes.size() <= limits.head_bytes_max) return std::nullopt;
  if (bytes.substr(0, limits.head_bytes_max).find('\n') == std::string_view::npos) {
    return Refused{414, RefusalReason::kHeadTooLarge, "request line too long"};
  }
  return Refused{431, RefusalReason::kHeadTooLarge, "request head too large"};
}

std::optional<Refused> ParseRequestHead(std::string_view bytes, const HeadLimits& limits, RequestHead& head) {
  if (auto refused = CheckUnfinishedHead(bytes, limits)) return refused;
  head = RequestHead();
  const auto request_line = HeadTakeLine(bytes);
  if (!request_line) return HeadMalformed("lines end in CR LF");
  if (auto refused = HeadReadRequestLine(*request_line, limits, head)) return refused;
  for (;;) {
    const auto line = HeadTakeLine(bytes);
    if (!line) return HeadMalformed("lines end in CR LF");
    if (line->empty()) break;
    if (head.headers.size() >= limits.headers_max) {
      return Refused{431, RefusalReason::kHeadTooLarge, "too many header lines"};
    }
    if (auto refused = HeadReadHeaderLine(*line, head)) return refused;
  }
  return HeadJudgeHeaders(limits, head);
}

}  // namespace bellwether::api
