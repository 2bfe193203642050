// base/hmac.h
//
// Keyed digests, with which a receiver of a message knows its sender. The only place that names OpenSSL's.
#pragma once

#include <string>
#include <string_view>

namespace bellwether::base {

// HMAC-SHA256, 32 raw bytes.
[[nodiscard]] std::string HmacSha256(std::string_view key, std::string_view bytes);

}  // namespace bellwether::base
