// base/quote.h
//
// Quoted strings: Go's (strconv.Quote), in which Prometheus prints label values, matchers and error details, and those
// of the text exposition format.
#pragma once

#include <string>
#include <string_view>

namespace bellwether::base {

// Appends "text" in double quotes with \a \b \f \n \r \t \v \\ \" \xHH \uHHHH as strconv.Quote writes them.
void AppendQuoted(std::string& out, std::string_view text);
[[nodiscard]] std::string Quote(std::string_view text);

// Appends `text` in double quotes with \\ \" \n, as label values stand in the text exposition format.
void AppendTextQuoted(std::string& out, std::string_view text);

}  // namespace bellwether::base
