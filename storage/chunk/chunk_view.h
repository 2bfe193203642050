// storage/chunk/chunk_view.h
//
// An encoded run of samples of one series, somewhere in memory: what cursors are made of, whether the bytes are the
// head's or were read from disk. docs/formats/chunks.md has the grammar. Floats or histograms, never both; at most one
// window; ascending times, each once.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace bellwether::storage::chunk {

struct ChunkView {
  std::string_view bytes;  // Begins with the kind; no checksum. Owned by whoever made the view.
  base::TimestampMs min;   // Of the samples, both inclusive.
  base::TimestampMs max;
  std::uint32_t count = 0;
};

}  // namespace bellwether::storage::chunk
