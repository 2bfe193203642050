// ingest/wire/snappy_block.h
//
// Opens a snappy block. The framed format (ff 06 00 00 sNaPpY) is not a block and is refused.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace bellwether::ingest {

// The contents of `block`, as a view into `buffer`, which grows as needed and is meant to be used again. Nothing is
// allocated before the declared length is known to be at most `bytes_max`. kInvalidArgument: corrupt, or larger.
[[nodiscard]] base::Result<std::string_view> OpenSnappyBlock(std::string_view block, std::size_t bytes_max,
                                                             std::string& buffer);

}  // namespace bellwether::ingest
