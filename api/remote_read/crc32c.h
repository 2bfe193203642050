// api/remote_read/crc32c.h
//
// CRC-32C (Castagnoli), the checksum of each frame of a streamed remote read.
#pragma once

#include <cstdint>
#include <string_view>

namespace bellwether::api::remote_read {

[[nodiscard]] std::uint32_t Crc32c(std::string_view bytes);

}  // namespace bellwether::api::remote_read
