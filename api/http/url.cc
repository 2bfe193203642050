#include "api/http/url.h"

#include <algorithm>
#include <utility>

namespace bellwether::api {
namespace {

int UrlHexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::string> PercentDecode(std::string_view text, PlusSign plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '+' && plus == PlusSign::kSpace) {
      out.push_back(' ');
    } else if (c != '%') {
      out.push_back(c);
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = UrlHexDigit(text[i + 1]);
      const int low = UrlHexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return out;
}

base::Status AppendParams(std::string_view encoded, std::size_t params_max, Params& params) {
  while (!encoded.empty()) {
    const std::size_t end = std::min(encoded.find('&'), encoded.size());
    const std::string_view piece = encoded.substr(0, end);
    encoded.remove_prefix(std::min(end + 1, encoded.size()));
    if (piece.empty()) continue;
    if (params.size() >= params_max) {
      return base::InvalidArgument("more than " + std::to_string(params_max) + " parameters in one request");
    }
    const std::size_t equals = std::min(piece.find('='), piece.size());
    auto name = PercentDecode(piece.substr(0, equals), PlusSign::kSpace);
    auto value = PercentDecode(piece.substr(std::min(equals + 1, piece.size())), PlusSign::kSpace);
    if (!name || !value) return base::InvalidArgument("error parsing form values: invalid URL escape");
    params.emplace_back(std::move(*name), std::move(*value));
  }
  return base::OkStatus();
}

std::optional<std::vector<std::string>> SplitPath(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) {
      auto segment = PercentDecode(path.substr(0, end), PlusSign::kItself);
      if (!segment || segment->find('\0') != std::string::npos) return std::nullopt;
      segments.push_back(std::move(*segment));
    }
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return segments;
}

std::string JoinPath(const std::vector<std::string>& segments) {
  if (segments.empty()) return "/";
  std::string path;
  for (const std::string& segment : segments) path.append("/").append(segment);
  return path;
}

}  // namespace bellwether::api
