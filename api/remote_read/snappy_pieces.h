// api/remote_read/snappy_pieces.h
//
// A long message kept as a snappy block in the making. A block begins with the length of what it holds, and an embedded
// message with its own, so nothing can be sent before the last byte is known; what is kept until then is compressed,
// 64 KiB of the message at a time, and handed on piece by piece. The elements of a block may be cut anywhere, so blocks
// of pieces, without their lengths, follow each other in one block.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/status.h"

namespace bellwether::api::remote_read {

class SnappyPieces {
 public:
  void Append(std::string_view bytes);
  // Nothing more comes.
  void Finish();

  // Of the message.
  [[nodiscard]] std::uint64_t raw_bytes() const { return raw_bytes_; }
  // The elements of the block, without the length in front; taken once.
  [[nodiscard]] std::deque<std::string> TakePieces() { return std::move(pieces_); }

 private:
  void Compress();

  std::string pending_;
  std::deque<std::string> pieces_;
  std::uint64_t raw_bytes_ = 0;
};

// An element that stands for the bytes themselves, at most 60 of them.
[[nodiscard]] std::string SnappyLiteral(std::string_view bytes);

// What a snappy block holds, at most `bytes_max` bytes. kInvalidArgument: corrupt, or larger.
[[nodiscard]] base::Result<std::string> OpenSnappy(std::string_view block, std::size_t bytes_max);

}  // namespace bellwether::api::remote_read
