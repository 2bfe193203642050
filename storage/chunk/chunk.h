// storage/chunk/chunk.h
//
// Any chunk, read by its first byte; and the checksum that stands behind a chunk on disk.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/chunk/columns.h"

namespace bellwether::storage::chunk {

// Appends the samples of a chunk of any kind to `out` (which holds none of the other sort). False on bytes that are no
// chunk; `out` is then in no useful state. Memory stays in proportion to the bytes and kMaxChunkSamples.
[[nodiscard]] bool DecodeChunk(std::string_view bytes, Columns& out);

// Bytes behind every chunk that leaves memory: the lower half of XXH3-64, little-endian.
inline constexpr std::size_t kChecksumBytes = 4;
// Appends the checksum of out[begin, end of out).
void AppendChecksum(std::string& out, std::size_t begin = 0);
// The bytes without their checksum; nothing if it does not hold.
[[nodiscard]] std::optional<std::string_view> VerifyChecksum(std::string_view bytes);

}  // namespace bellwether::storage::chunk
