// Any bytes as the head of a request, and what is read from it as path, parameters and Accept-Encoding.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/http/content_coding.h"
#include "api/http/request_head.h"
#include "api/http/url.h"
#include "base/check.h"

namespace bellwether::api {
namespace {

// Byte by byte or at once, the end is the same.
void CheckFindHeadEnd(std::string_view bytes) {
  std::size_t at_once = 0;
  const std::size_t end = FindHeadEnd(bytes, at_once);
  std::size_t scanned = 0;
  std::size_t found = std::string_view::npos;
  for (std::size_t size = 0; size <= bytes.size() && found == std::string_view::npos; ++size) {
    found = FindHeadEnd(bytes.substr(0, size), scanned);
  }
  BW_CHECK(found == end);
}

std::string Written(const RequestHead& head) {
  std::string bytes = head.method + " " + head.path;
  if (!head.query.empty()) bytes += "?" + head.query;
  bytes += head.is_http_1_0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n";
  for (const auto& [name, value] : head.headers) bytes.append(name).append(":").append(value).append("\r\n");
  return bytes + "\r\n";
}

// What was accepted, written again, is read the same.
void CheckAccepted(const RequestHead& head, const HeadLimits& limits) {
  BW_CHECK(head.path == "*" || head.path.starts_with('/'));
  BW_CHECK(head.content_length <= limits.body_bytes_max);
  BW_CHECK(head.headers.size() <= limits.headers_max);
  BW_CHECK(FindHeader(head.headers, "Transfer-Encoding").empty());
  const std::string written = Written(head);
  std::size_t scanned = 0;
  BW_CHECK(FindHeadEnd(written, scanned) == written.size());
  RequestHead again;
  BW_CHECK(!ParseRequestHead(written, limits, again).has_value());
  BW_CHECK(again.method == head.method && again.path == head.path && again.query == head.query);
  BW_CHECK(again.headers == head.headers && again.content_length == head.content_length);
  BW_CHECK(again.keep_alive == head.keep_alive && again.is_form == head.is_form);
}

void CheckHead(std::string_view bytes) {
  const HeadLimits limits{.head_bytes_max = 2048, .headers_max = 20, .path_bytes_max = 256, .body_bytes_max = 1 << 20};
  if (bytes.size() < limits.head_bytes_max) CheckFindHeadEnd(bytes);
  std::size_t scanned = 0;
  const std::size_t end = FindHeadEnd(bytes, scanned);
  if (end == std::string_view::npos) {
    static_cast<void>(CheckUnfinishedHead(bytes, limits));
    return;
  }
  RequestHead head;
  if (const auto refused = ParseRequestHead(bytes.substr(0, end), limits, head)) {
    BW_CHECK(refused->status >= 400 && refused->status <= 505 && !refused->text.empty());
    return;
  }
  CheckAccepted(head, limits);
  if (const auto segments = SplitPath(head.path)) {
    for (const std::string& segment : *segments) BW_CHECK(!segment.empty());
  }
  Params params;
  static_cast<void>(AppendParams(head.query, 100, params));
  BW_CHECK(params.size() <= 100);
  static_cast<void>(ChooseCoding(FindHeader(head.headers, "Accept-Encoding")));
}

}  // namespace
}  // namespace bellwether::api

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bellwether::api::CheckHead({reinterpret_cast<const char*>(data), size});
  return 0;
}
