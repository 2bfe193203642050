// base/quote.h
//
// Go-quoted strings (strconv.Quote), the form in which Prometheus prints label values, matchers and error details.
#pragma once

#include <string>
#include <string_view>

namespace bellwether::base {

// Appends "text" in double quotes with \a \b \f \n \r \t \v \\ \" \xHH \uHHHH as strconv.Quote writes them.
void AppendQuoted(std::string& out, std::string_view text);
[[nodiscard]] std::string Quote(std::string_view text);

}  // namespace bellwether::base
