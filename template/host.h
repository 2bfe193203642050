// template/host.h
//
// "host:port" taken apart.
#pragma once

#include <string>
#include <string_view>

namespace bellwether::templating {

// The host without its port and brackets; `host_port` itself if it is not of that form.
[[nodiscard]] std::string StripPort(std::string_view host_port);

// The host up to its first dot, the port kept; an IP address is left alone.
[[nodiscard]] std::string StripDomain(std::string_view host_port);

}  // namespace bellwether::templating
