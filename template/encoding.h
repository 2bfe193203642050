// template/encoding.h
//
// Base64 with the URL-safe alphabet and padding (RFC 4648 section 5).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bellwether::templating {

[[nodiscard]] std::string EncodeBase64Url(std::string_view bytes);
[[nodiscard]] std::optional<std::string> DecodeBase64Url(std::string_view text);

}  // namespace bellwether::templating
