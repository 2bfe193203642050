// ingest/wire/snappy_block_oracle.h
//
// For tests: what libsnappy makes of a block, and the comparison with ours.
#pragma once

#include <string>
#include <string_view>

#include <snappy.h>

#include "ingest/wire/snappy_block.h"

namespace bellwether::ingest {

// Empty if our reader and libsnappy agree on `block`, otherwise what they disagree on.
inline std::string SnappyDisagreement(std::string_view block) {
  constexpr std::size_t kBytesMax = 1u << 20;
  std::string buffer;
  const auto ours = OpenSnappyBlock(block, kBytesMax, buffer);
  std::size_t size = 0;
  std::string theirs;
  const bool they_accept = snappy::GetUncompressedLength(block.data(), block.size(), &size) && size <= kBytesMax &&
                           snappy::Uncompress(block.data(), block.size(), &theirs);
  if (ours.ok() != they_accept) return they_accept ? "libsnappy accepts what we refuse" : "we accept what it refuses";
  return they_accept && *ours != theirs ? "contents" : "";
}

}  // namespace bellwether::ingest
