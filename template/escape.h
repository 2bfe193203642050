// template/escape.h
//
// Text made safe for other languages, byte for byte as Go's template package does it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bellwether::templating {

[[nodiscard]] std::string EscapeHtml(std::string_view text);   // " ' & < > NUL
[[nodiscard]] std::string EscapeJs(std::string_view text);     // Inside a quoted JavaScript string.
[[nodiscard]] std::string EscapeQuery(std::string_view text);  // url.QueryEscape: a space is '+'.

// url.QueryUnescape; nothing on a malformed %XX.
[[nodiscard]] std::optional<std::string> UnescapeQuery(std::string_view text);

}  // namespace bellwether::templating
