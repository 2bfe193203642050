#include "template/host.h"

#include <arpa/inet.h>

#include <optional>

namespace bellwether::templating {
namespace {

struct HostPort {
  std::string_view host;
  std::string_view port;
};

std::optional<HostPort> SplitHostPort(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  HostPort out{.host = text.substr(0, colon), .port = text.substr(colon + 1)};
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close + 1 != colon) return std::nullopt;
    out.host = text.substr(1, close - 1);
  } else if (out.host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  const auto bracket = [](std::string_view s) { return s.find_first_of("[]") != std::string_view::npos; };
  if (bracket(out.host) || bracket(out.port)) return std::nullopt;
  return out;
}

bool IsIpAddress(std::string_view host) {
  const std::string text(host);
  char bytes[16];
  return inet_pton(AF_INET, text.c_str(), bytes) == 1 || inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

}  // namespace

std::string StripPort(std::string_view host_port) {
  const auto split = SplitHostPort(host_port);
  return std::string(split ? split->host : host_port);
}

std::string StripDomain(std::string_view host_port) {
  const auto split = SplitHostPort(host_port);
  const std::string_view host = split ? split->host : host_port;
  if (IsIpAddress(host)) return std::string(host_port);
  std::string out(host.substr(0, host.find('.')));
  if (!split || split->port.empty()) return out;
  if (out.find(':') != std::string::npos) out = "[" + out + "]";
  return out + ":" + std::string(split->port);
}

}  // namespace bellwether::templating
