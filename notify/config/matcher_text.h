// notify/config/matcher_text.h
//
// Matchers as Alertmanager's configuration and API write them: foo="bar", team=~"ml|data".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "metric/matcher.h"
#include "notify/dispatcher.h"
#include "notify/shown_alert.h"  // ParseMatcher, MatcherText

namespace bellwether::notify {

// Reads a list of matchers, braces optional. In fallback mode the UTF-8 grammar comes first; what it refuses or reads
// otherwise is read with the classic grammar, whose reading then counts, and `warning` says so. kInvalidArgument "bad
// matcher format: ...".
[[nodiscard]] base::Result<std::vector<metric::Matcher>> ParseMatchers(std::string_view text, MatcherMode mode,
                                                                       std::string& warning);

// {a="b",c=~"d"}, sorted by name, value and operator.
[[nodiscard]] std::string MatchersText(std::vector<metric::Matcher> matchers);

}  // namespace bellwether::notify
