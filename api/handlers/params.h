// api/handlers/params.h
//
// Request parameters as Prometheus reads them, with its error texts. Each reader returns kInvalidArgument with
// `invalid parameter "NAME": REASON` unless it says otherwise.
//
// Source: Prometheus web/api/v1/api.go (parseTime, parseDuration, parseLimitParam), common/model (UnescapeName).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/http_server.h"
#include "base/status.h"
#include "base/time.h"
#include "metric/matcher.h"

namespace bellwether::api {

// `invalid parameter "NAME": REASON`
[[nodiscard]] base::Status InvalidParameter(std::string_view name, std::string_view reason);

// Float seconds, rounded to milliseconds, or RFC 3339. The text alone, `cannot parse "x" to a valid timestamp`. Times
// beyond some hundred million years are cut, so that sums of times never overflow.
[[nodiscard]] base::Result<base::TimestampMs> ParseApiTime(std::string_view text);
// Float seconds or "1h30m", cut to milliseconds. The text alone, `cannot parse "x" to a valid duration`.
[[nodiscard]] base::Result<base::DurationMs> ParseApiDuration(std::string_view text);
// Nothing if the parameter is absent; one below zero is refused.
[[nodiscard]] base::Result<std::optional<base::DurationMs>> DurationParam(const HttpRequest& request,
                                                                          std::string_view name);

// `absent` when the parameter is absent or empty.
[[nodiscard]] base::Result<base::TimestampMs> TimeParam(const HttpRequest& request, std::string_view name,
                                                        base::TimestampMs absent);
// The same without the middle part of the error text, and an error when it is absent: query_range's start and end.
[[nodiscard]] base::Result<base::TimestampMs> RequiredTimeParam(const HttpRequest& request, std::string_view name);

// "limit": 0 is none.
[[nodiscard]] base::Result<std::size_t> LimitParam(const HttpRequest& request);
// strconv.Atoi, with its error texts: `strconv.Atoi: parsing "x": invalid syntax`.
[[nodiscard]] base::Result<std::int64_t> ParseGoInteger(std::string_view text, std::string_view function);
// strconv.ParseBool.
[[nodiscard]] base::Result<bool> ParseGoBool(std::string_view text);

// Each text is a selector; a series has to match all matchers of one of them. The text alone.
using SelectorList = std::vector<std::vector<metric::Matcher>>;
[[nodiscard]] base::Result<SelectorList> ParseSelectors(const std::vector<std::string>& texts);

// [min, max], and everything when the request names neither.
struct TimeBounds {
  base::TimestampMs min;
  base::TimestampMs max;
};
inline constexpr TimeBounds kAllTime{base::TimestampMs::Min(), base::TimestampMs::Max()};
[[nodiscard]] base::Result<TimeBounds> BoundsParams(const HttpRequest& request);

// The values of `name` and of `name[]`: both spellings are in use.
[[nodiscard]] std::vector<std::string> ListParam(const HttpRequest& request, std::string_view name);

// U__user_2e_id is user.id; what is not well formed stays as it is.
[[nodiscard]] std::string UnescapeLabelName(std::string_view name);

}  // namespace bellwether::api
