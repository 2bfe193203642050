// api/http/url.h
//
// Percent-encoding: of paths, and of the name=value pairs that query strings and form bodies share.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/http_server.h"
#include "base/status.h"

namespace bellwether::api {

enum class PlusSign : std::uint8_t { kItself, kSpace };

// nullopt if a '%' is not followed by two hexadecimal digits.
[[nodiscard]] std::optional<std::string> PercentDecode(std::string_view text, PlusSign plus);

// Appends the pairs of "a=1&b=x+y" to `params`, decoded, in order; empty pieces ("&&") are skipped, a piece without '='
// has an empty value. kInvalidArgument: a broken escape, or more than `params_max` pairs in all.
[[nodiscard]] base::Status AppendParams(std::string_view encoded, std::size_t params_max, Params& params);

// The segments of an encoded path, decoded one by one, so that an encoded slash stays inside its segment. Doubled
// slashes and one at the end make no segment: base addresses are often entered with a slash too many. nullopt: a broken
// escape or an encoded NUL.
[[nodiscard]] std::optional<std::vector<std::string>> SplitPath(std::string_view path);

// "/a/b" of segments a, b; "/" of none.
[[nodiscard]] std::string JoinPath(const std::vector<std::string>& segments);

}  // namespace bellwether::api
