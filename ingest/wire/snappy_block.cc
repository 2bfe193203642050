#include "ingest/wire/snappy_block.h"

#include <array>
#include <cstdint>
#include <cstring>

#include <fmt/format.h>

#include "base/bytes.h"

namespace bellwether::ingest {
namespace {

// Copies work in pieces of sixteen bytes and may write so far beyond their end.
constexpr std::size_t kSlackBytes = 64;
constexpr std::size_t kPieceBytes = 16;

// What a tag byte of a copy says: its length, the upper part of its offset, how many bytes of offset follow.
struct CopyTag {
  std::uint8_t length = 0;
  std::uint8_t offset_bytes = 0;
  std::uint16_t offset_high = 0;
};

constexpr std::array<CopyTag, 256> MakeCopyTags() {
  std::array<CopyTag, 256> tags{};
  for (unsigned tag = 0; tag < 256; ++tag) {
    const auto six_bits = static_cast<std::uint8_t>((tag >> 2) + 1);
    switch (tag & 3) {
      case 1:
        tags[tag] = {static_cast<std::uint8_t>(4 + (tag >> 2 & 7)), 1, static_cast<std::uint16_t>((tag >> 5) << 8)};
        break;
      case 2: tags[tag] = {six_bits, 2, 0}; break;
      case 3: tags[tag] = {six_bits, 4, 0}; break;
      default: break;  // A literal.
    }
  }
  return tags;
}
constexpr std::array<CopyTag, 256> kCopyTags = MakeCopyTags();
constexpr std::array<std::uint32_t, 5> kOffsetMasks = {0, 0xFF, 0xFFFF, 0xFFFFFF, 0xFFFFFFFF};

void CopyPiece(char* to, const char* from) { std::memcpy(to, from, kPieceBytes); }

// The elements of a block, from `in` to `out`, both to their ends. Debian's libsnappy does the same in twice the time:
// it calls memmove for each element.
class BlockReader {
 public:
  // `size` bytes and kSlackBytes can be written at `out`.
  BlockReader(std::string_view in, char* out, std::size_t size)
      : in_(in.data()), in_end_(in.data() + in.size()), begin_(out), out_(out), end_(out + size) {}

  bool Read() {
    while (in_ != in_end_) {
      const auto tag = static_cast<std::uint8_t>(*in_++);
      if (!((tag & 3) == 0 ? Literal(tag) : Copy(kCopyTags[tag]))) return false;
    }
    return out_ == end_;
  }

 private:
  [[nodiscard]] std::size_t InLeft() const { return static_cast<std::size_t>(in_end_ - in_); }
  [[nodiscard]] std::size_t OutLeft() const { return static_cast<std::size_t>(end_ - out_); }

  bool Literal(std::uint8_t tag) {
    std::size_t length = (tag >> 2) + 1u;
    if (length <= kPieceBytes && InLeft() >= kPieceBytes && length <= OutLeft()) {
      CopyPiece(out_, in_);
    } else {
      if (length > 60 && !LongLength(length - 60, length)) return false;
      if (length > InLeft() || length > OutLeft()) return false;
      std::memcpy(out_, in_, length);
    }
    in_ += length;
    out_ += length;
    return true;
  }

  // The length less one in `bytes` bytes.
  bool LongLength(std::size_t bytes, std::size_t& length) {
    if (InLeft() < bytes) return false;
    std::uint32_t less_one = 0;
    std::memcpy(&less_one, in_, bytes);
    in_ += bytes;
    length = std::size_t{less_one} + 1;
    return true;
  }

  bool Copy(const CopyTag& tag) {
    std::uint32_t bytes = 0;
    if (InLeft() >= sizeof(bytes)) {
      bytes = base::LoadFixed32(in_) & kOffsetMasks[tag.offset_bytes];
    } else {
      if (InLeft() < tag.offset_bytes) return false;
      std::memcpy(&bytes, in_, tag.offset_bytes);
    }
    in_ += tag.offset_bytes;
    const std::size_t offset = std::size_t{tag.offset_high} + bytes;
    const std::size_t length = tag.length;
    if (offset - 1 >= static_cast<std::size_t>(out_ - begin_) || length > OutLeft()) return false;  // 0 wraps.
    const char* from = out_ - offset;
    if (offset >= kPieceBytes) {
      CopyPiece(out_, from);
      CopyPiece(out_ + 16, from + 16);
      if (length > 32) {
        CopyPiece(out_ + 32, from + 32);
        CopyPiece(out_ + 48, from + 48);
      }
    } else {
      for (std::size_t i = 0; i < length; ++i) out_[i] = from[i];  // Repeats what it writes.
    }
    out_ += length;
    return true;
  }

  const char* in_;
  const char* const in_end_;
  const char* const begin_;
  char* out_;
  char* const end_;
};

}  // namespace

base::Result<std::string_view> OpenSnappyBlock(std::string_view block, std::size_t bytes_max, std::string& buffer) {
  constexpr std::size_t kSizeBytesMax = 5;  // Of 32 bits.
  const std::size_t block_bytes = block.size();
  std::uint64_t size = 0;
  if (!base::ReadVarint(block, size) || size > UINT32_MAX || block_bytes - block.size() > kSizeBytesMax) {
    return base::InvalidArgument(
        "snappy: corrupt input (a snappy block begins with its length; is this the framed format?)");
  }
  if (size > bytes_max) return base::InvalidArgument(fmt::format("decoded size exceeds the {} bytes limit", bytes_max));
  // Never shrunk: growing it again would clear the bytes each time.
  if (buffer.size() < size + kSlackBytes) buffer.resize(size + kSlackBytes);
  if (!BlockReader(block, buffer.data(), size).Read()) return base::InvalidArgument("snappy: corrupt input");
  return std::string_view(buffer).substr(0, size);
}

}  // namespace bellwether::ingest
