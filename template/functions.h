// template/functions.h
//
// The functions alert texts and notification texts have in common with Prometheus and Alertmanager, as far as they need
// nothing but their arguments. Rules add those that query (query, first, value, label, graphLink, externalURL, ...);
// notifications take NotificationFunctions.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "base/time.h"
#include "template/function.h"
#include "template/value.h"

namespace bellwether::templating {

// Prometheus's: args, humanize, humanize1024, humanizeDuration, humanizePercentage, humanizeTimestamp, toTime,
// toDuration, parseDuration, now, title, toUpper, toLower, match, reReplaceAll, stripPort, stripDomain, urlQueryEscape,
// safeHtml. `now` is what {{ now }} yields, the evaluation time.
[[nodiscard]] FunctionTable AlertFunctions(base::TimestampMs now);

// Alertmanager's: toUpper, toLower, title, trimSpace, join, match, reReplaceAll, stringSlice, list, append, dict,
// safeHtml, safeUrl, urlUnescape, base64encode, base64decode, toJson, date, tz, toDate, mustToDate, now, since,
// humanizeDuration.
[[nodiscard]] FunctionTable NotificationFunctions(base::TimestampMs now);

// A number from a float, an int, a duration (seconds) or a text that is one; "can't convert TYPE to float" otherwise.
[[nodiscard]] base::Result<double> ToFloat(const Value& value);

// A value as JSON, compact, keys sorted, '<' '>' '&' escaped as Go does.
[[nodiscard]] std::string ToJson(const Value& value);

}  // namespace bellwether::templating
