#include "api/remote_read/snappy_pieces.h"

#include <algorithm>

#include <fmt/format.h>
#include <snappy.h>

#include "base/bytes.h"
#include "base/check.h"

namespace bellwether::api::remote_read {
namespace {

constexpr std::size_t kSnappyPieceBytes = 64u << 10;  // What snappy compresses at a time anyway.

}  // namespace

void SnappyPieces::Append(std::string_view bytes) {
  raw_bytes_ += bytes.size();
  while (!bytes.empty()) {
    const std::size_t taken = std::min(bytes.size(), kSnappyPieceBytes - pending_.size());
    pending_.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    if (pending_.size() == kSnappyPieceBytes) Compress();
  }
}

void SnappyPieces::Finish() {
  if (!pending_.empty()) Compress();
}

void SnappyPieces::Compress() {
  std::string block;
  snappy::Compress(pending_.data(), pending_.size(), &block);
  std::string_view elements = block;
  std::uint64_t length = 0;
  BW_CHECK(base::ReadVarint(elements, length));
  pieces_.emplace_back(elements);
  pending_.clear();
}

std::string SnappyLiteral(std::string_view bytes) {
  BW_CHECK(!bytes.empty() && bytes.size() <= 60);
  std::string element(1, static_cast<char>((bytes.size() - 1) << 2));
  return element.append(bytes);
}

base::Result<std::string> OpenSnappy(std::string_view block, std::size_t bytes_max) {
  std::size_t length = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &length)) {
    return base::InvalidArgument("snappy: corrupt input");
  }
  if (length > bytes_max) {
    return base::InvalidArgument(fmt::format("snappy: decoded size exceeds the {} bytes limit", bytes_max));
  }
  std::string bytes;
  if (!snappy::Uncompress(block.data(), block.size(), &bytes)) return base::InvalidArgument("snappy: corrupt input");
  return bytes;
}

}  // namespace bellwether::api::remote_read
