// base/sha256.h
//
// SHA-256 in lower-case hexadecimal: dedup keys, paging tokens. The only place that names OpenSSL's digest.
#pragma once

#include <string>
#include <string_view>

namespace bellwether::base {

// 64 characters.
[[nodiscard]] std::string Sha256Hex(std::string_view bytes);

}  // namespace bellwether::base
