// storage/chunk/time_column.h
//
// The times of a chunk as bytes: an exactly regular column is three numbers, any other the changes of its interval as
// varints. Chunks of series that are sent together carry the same bytes here, which a compressor over neighbouring
// chunks finds. Also start timestamps, as runs of equal ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "storage/chunk/time_range.h"

namespace bellwether::storage::chunk {

// Ascending, at least one.
void AppendTimes(std::span<const base::TimestampMs> times, std::string& out);
// Appends `count` times to `times` and shortens `in`. False on bytes that AppendTimes did not write.
[[nodiscard]] bool ReadTimes(std::string_view& in, std::size_t count, std::vector<base::TimestampMs>& times);

// From when to when `count` times go, of which `in` is the beginning; nothing unless they are regular.
[[nodiscard]] std::optional<TimeRange> RangeOfRegularTimes(std::string_view in, std::size_t count);

// As many as there are samples, or none. ReadStarts leaves `starts` empty in the latter case.
void AppendStarts(std::span<const base::TimestampMs> starts, std::string& out);
[[nodiscard]] bool ReadStarts(std::string_view& in, std::size_t count, std::vector<base::TimestampMs>& starts);

}  // namespace bellwether::storage::chunk
