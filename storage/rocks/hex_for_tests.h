// storage/rocks/hex_for_tests.h
//
// Bytes as the pages of docs/formats print them.
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace bellwether::storage {

// "4257..."
inline std::string HexOf(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

}  // namespace bellwether::storage
