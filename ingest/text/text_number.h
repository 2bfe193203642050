// ingest/text/text_number.h
//
// Values and times as the text formats write them, and back without the loss of a bit.
//
// Ordinary numbers are in the shortest decimal form that reads back the same. NaN is the pattern that Prometheus calls
// normal; any other NaN, the stale marker among them, is written as C does, `nan(0x7ff0000000000002)`. Other readers do
// not know that form, which is why the writer can be told to leave it out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace bellwether::ingest {

inline constexpr std::uint64_t kNormalNanBits = 0x7ff8000000000001ULL;

// Decimal, exponent or hexadecimal form, Inf and NaN in any case, nan(0x...). The whole text must be used.
[[nodiscard]] std::optional<double> ParseTextValue(std::string_view text);
void AppendTextValue(std::string& out, double value);

// Milliseconds as a whole number (Prometheus), or seconds with or without a fraction (OpenMetrics; what is finer than a
// millisecond is cut off).
[[nodiscard]] std::optional<base::TimestampMs> ParseTextMillis(std::string_view text);
[[nodiscard]] std::optional<base::TimestampMs> ParseTextSeconds(std::string_view text);
void AppendTextMillis(std::string& out, base::TimestampMs t);
void AppendTextSeconds(std::string& out, base::TimestampMs t);

}  // namespace bellwether::ingest
