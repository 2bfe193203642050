// storage/chunk/kind.h
//
// The first byte of every chunk. On disk: frozen, new kinds get new numbers.
#pragma once

#include <cstdint>

namespace bellwether::storage::chunk {

enum class Kind : std::uint8_t {
  kFloatStream = 1,   // float_stream.h; in the head only.
  kFloatColumns = 2,  // float_columns.h
  kHistograms = 3,    // histogram_chunk.h
};

}  // namespace bellwether::storage::chunk
