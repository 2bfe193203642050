// base/base64.h
//
// Base64 with the standard alphabet and padding (RFC 4648 section 4). (The URL-safe one is template/encoding.h's.)
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bellwether::base {

[[nodiscard]] std::string EncodeBase64(std::string_view bytes);
// Nothing if it is not base64.
[[nodiscard]] std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace bellwether::base
