// storage/journal/segment_name.h
//
// Names of segment files: twenty digits, so that they sort as numbers do, and ".seg".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bellwether::storage {

[[nodiscard]] std::string SegmentName(std::uint64_t number);
// Nothing for names of other files.
[[nodiscard]] std::optional<std::uint64_t> ParseSegmentName(std::string_view name);

}  // namespace bellwether::storage
