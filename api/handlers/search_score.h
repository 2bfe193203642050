// api/handlers/search_score.h
//
// How well a name answers what somebody types: 0 not at all, 1 as a prefix. Bytes are compared, not letters.
//
// Source: Prometheus util/strutil (subsequence.go, jarowinkler.go), web/api/v1/search_filters.go.
#pragma once

#include <cstdint>
#include <string_view>

namespace bellwether::api {

enum class SearchAlgorithm : std::uint8_t { kSubsequence, kJaroWinkler };

// Of all bytes of `pattern` in `text`, in their order: long runs count, gaps cost. 0: not all are there.
[[nodiscard]] double SubsequenceScore(std::string_view pattern, std::string_view text);

// Jaro's similarity, and a bonus of a tenth for each of the first four bytes that agree.
[[nodiscard]] double JaroWinklerScore(std::string_view a, std::string_view b);

// The score of a text that is accepted, 0 of one that is not. `threshold` is 0 to 1; below it nothing but a prefix, or
// for kJaroWinkler a part, is accepted.
[[nodiscard]] double SearchScore(SearchAlgorithm algorithm, double threshold, std::string_view pattern,
                                 std::string_view text);

}  // namespace bellwether::api
