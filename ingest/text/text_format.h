// ingest/text/text_format.h
//
// Which of the two text formats a body or a file is in. They differ in what matters most: a time of Prometheus's format
// is in milliseconds, one of OpenMetrics in seconds.
#pragma once

#include <optional>
#include <string_view>

namespace bellwether::ingest {

enum class TextFormat : unsigned char { kPrometheus, kOpenMetrics };

// By a Content-Type (application/openmetrics-text; text/plain with a version), or a file name (.om, .openmetrics,
// before .gz or .zst). Nothing if it does not say.
[[nodiscard]] std::optional<TextFormat> FormatOfContentType(std::string_view content_type);
[[nodiscard]] std::optional<TextFormat> FormatOfFileName(std::string_view name);

// By the lines themselves: `# EOF` or `# UNIT` is OpenMetrics; otherwise the first time decides: one with a fraction,
// or below 1e11 (5138 in seconds, 1973 in milliseconds), is in seconds. Nothing if `text` has neither.
[[nodiscard]] std::optional<TextFormat> FormatOfLines(std::string_view text);

}  // namespace bellwether::ingest
