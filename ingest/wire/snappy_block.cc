#include "ingest/wire/snappy_block.h"

#include <fmt/format.h>
#include <snappy.h>

namespace bellwether::ingest {

base::Result<std::string_view> OpenSnappyBlock(std::string_view block, std::size_t bytes_max, std::string& buffer) {
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &size)) {
    return base::InvalidArgument(
        "snappy: corrupt input (a snappy block begins with its length; is this the framed format?)");
  }
  if (size > bytes_max) return base::InvalidArgument(fmt::format("decoded size exceeds the {} bytes limit", bytes_max));
  // Never shrunk: growing it again would clear the bytes each time.
  if (buffer.size() < size) buffer.resize(size);
  if (!snappy::RawUncompress(block.data(), block.size(), buffer.data())) {
    return base::InvalidArgument("snappy: corrupt input");
  }
  return std::string_view(buffer).substr(0, size);
}

}  // namespace bellwether::ingest
