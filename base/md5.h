// base/md5.h
//
// MD5, where a protocol or a file format demands it; never for security.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace bellwether::base {

[[nodiscard]] std::array<std::uint8_t, 16> Md5(std::string_view bytes);

}  // namespace bellwether::base
