// storage/chunk/entropy_column.h
//
// A column of integers, entropy coded for itself: the values, their deltas or the changes of those, whichever come out
// smallest, less their least and divided by their common divisor. The low bits of what is left are as good as random
// and are stored as they are; the high bits are symbols of a range coder (rANS, two interleaved states, probabilities
// in 1/1024). Noise in a range of twenty values costs 4.3 bits here, where bytes under zstd cost 5.
//
// It pays from about a thousand values on, when the table of probabilities no longer shows: in merged chunks. A column
// with a pattern in it is left to a compressor that finds patterns; whoever encodes compares (float_columns.cc).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bellwether::storage::chunk {

// Appends the column. Integers are within +-2^53, at least three. False, and nothing appended, if they are spread so
// widely that there is nothing to gain.
[[nodiscard]] bool AppendEntropyCoded(std::span<const std::int64_t> integers, std::string& out);

// Reads a column of this length that reaches to the end of `in`. False on bytes that are no such column; integers may
// then be any.
[[nodiscard]] bool ReadEntropyCoded(std::string_view in, std::span<std::int64_t> integers);

}  // namespace bellwether::storage::chunk
