#include "ingest/wire/content_headers.h"

#include <algorithm>

#include <fmt/format.h>

namespace bellwether::ingest {
namespace {

constexpr std::size_t kQuotedBytesMax = 100;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

ContentVerdict Refuse(std::string error) { return {WriteProtocol::kUnsupported, std::move(error)}; }

}  // namespace

ContentVerdict JudgeContentHeaders(std::string_view content_type, std::string_view content_encoding) {
  if (const auto encoding = Trim(content_encoding); !encoding.empty() && Lower(encoding) != "snappy") {
    return Refuse(fmt::format("{} encoding (compression) is not accepted by this server; only snappy is acceptable",
                              encoding.substr(0, kQuotedBytesMax)));
  }
  if (Trim(content_type).empty()) return {WriteProtocol::kV1, {}};
  const std::size_t media_end = std::min(content_type.find(';'), content_type.size());
  if (Lower(Trim(content_type.substr(0, media_end))) != "application/x-protobuf") {
    return Refuse(fmt::format("expected application/x-protobuf as the first (media) part, got {} content-type",
                              content_type.substr(0, kQuotedBytesMax)));
  }
  std::string proto = "prometheus.WriteRequest";
  for (std::string_view rest = content_type.substr(media_end); !rest.empty();) {
    rest.remove_prefix(1);
    const std::size_t end = std::min(rest.find(';'), rest.size());
    const std::string_view parameter = Trim(rest.substr(0, end));
    rest.remove_prefix(end);
    if (parameter.empty()) continue;
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) {
      return Refuse(
          fmt::format("as per https://www.rfc-editor.org/rfc/rfc9110#parameter expected parameters to be "
                      "key-values, got {} in {} content-type",
                      parameter.substr(0, kQuotedBytesMax), content_type.substr(0, kQuotedBytesMax)));
    }
    if (Lower(Trim(parameter.substr(0, equals))) == "proto") {
      std::string_view value = Trim(parameter.substr(equals + 1));
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
      proto = std::string(value);
    }
  }
  if (proto != "prometheus.WriteRequest") {
    return Refuse(
        fmt::format("{} protobuf message is not accepted by this server; only accepts prometheus.WriteRequest",
                    proto.substr(0, kQuotedBytesMax)));
  }
  return {WriteProtocol::kV1, {}};
}

}  // namespace bellwether::ingest
