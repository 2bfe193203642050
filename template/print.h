// template/print.h
//
// Values as text, the way Go's fmt package prints them: rules.md of the reference calls it value formatting, and alert
// texts written for Prometheus depend on every digit of it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "template/value.h"

namespace bellwether::templating {

// No text made by one print or printf call is longer; what would be is cut here and the executor ends with an error.
inline constexpr std::size_t kTextBytesMax = 4u << 20;

// Go's %v: "1e+06", "map[a:1 b:2]", "[x y]", "2h10m15s", "2022-01-25 12:36:43 +0000 UTC". A nil inside a list or as an
// argument is "<nil>".
[[nodiscard]] std::string PrintValue(const Value& value);
void AppendValue(std::string& out, const Value& value);

// Go's time.Duration: "1h5m0.5s", "12.345ms", "0s".
[[nodiscard]] std::string PrintDuration(Nanoseconds duration);

// fmt.Sprint: operands one after another, a space between two that are both not strings.
[[nodiscard]] std::string Sprint(std::span<const Value> args);
// fmt.Sprintln: a space between all, a newline at the end.
[[nodiscard]] std::string Sprintln(std::span<const Value> args);
// fmt.Sprintf with its verbs, flags, widths, argument indexes and its in-band errors ("%!d(string=x)").
[[nodiscard]] std::string Sprintf(std::string_view format, std::span<const Value> args);

}  // namespace bellwether::templating
