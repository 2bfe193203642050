// template/literal.h
//
// Literals as templates write them, which is as Go does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bellwether::templating {

// "text" with escapes, or `text` as is; nothing if `quoted` is malformed.
[[nodiscard]] std::optional<std::string> Unquote(std::string_view quoted);

// 'x' or '\n' as its code point.
[[nodiscard]] std::optional<std::int64_t> UnquoteCharacter(std::string_view quoted);

// 12, 1_000, 0x1F, 0b1, 0o17, 017, with a sign.
[[nodiscard]] std::optional<std::int64_t> ParseInteger(std::string_view text);

// 1.5, 1e3, 0x1p-2, 1_000.5, with a sign.
[[nodiscard]] std::optional<double> ParseFloat(std::string_view text);

}  // namespace bellwether::templating
