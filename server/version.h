// server/version.h
//
// Bellwether's own version, as buildinfo, --version and the User-Agent tell it.
#pragma once

#include <string_view>

namespace bellwether::server {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace bellwether::server
