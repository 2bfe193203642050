// base/proto_reader.h
//
// Protobuf's wire format read in place: a cursor over the fields of one message. Known fields are taken by number and
// wire type; anything else is skipped, as a message from a newer sender must be. Groups (wire types 3 and 4) and
// truncated or overlong input end the walk with ok() false.
//
// Source: protobuf encoding specification.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace bellwether::base {

// As ReadVarint, but bits beyond the 64th are dropped, as every protobuf library does.
[[nodiscard]] inline bool ReadProtoVarint(std::string_view& in, std::uint64_t& v) {
  std::uint64_t result = 0;
  const std::size_t limit = in.size() < kMaxVarintBytes ? in.size() : kMaxVarintBytes;
  for (std::size_t i = 0; i < limit; ++i) {
    const auto byte = static_cast<unsigned char>(in[i]);
    result |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      v = result;
      in.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

class ProtoReader {
 public:
  explicit ProtoReader(std::string_view message) : rest_(message) {}

  // Moves to the next field; false at the end or on malformed input.
  bool Next() {
    if (rest_.empty()) return false;
    field_start_ = rest_.data();
    std::uint64_t tag = 0;
    if (!Varint(tag)) return Fail();
    number_ = static_cast<std::uint32_t>(tag) >> 3;
    if (number_ == 0) return Fail();
    switch (tag & 7) {
      case 0: type_ = WireType::kVarint; return Varint(value_) || Fail();
      case 1: type_ = WireType::kFixed64; return ReadFixed64(rest_, value_) || Fail();
      case 2: type_ = WireType::kBytes; return Bytes() || Fail();
      case 5: type_ = WireType::kFixed32; return SkipFixed32() || Fail();
      default: return Fail();
    }
  }

  [[nodiscard]] bool ok() const { return ok_; }
  // The present field.
  [[nodiscard]] bool Is(std::uint32_t number, WireType type) const { return number_ == number && type_ == type; }
  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] WireType type() const { return type_; }
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t varint() const { return value_; }
  [[nodiscard]] std::int64_t int64() const { return static_cast<std::int64_t>(value_); }
  [[nodiscard]] std::int64_t sint64() const { return UnZigZag(value_); }
  // Of 32-bit fields protobuf keeps the low bits of whatever varint was sent.
  [[nodiscard]] std::uint32_t uint32() const { return static_cast<std::uint32_t>(value_); }
  [[nodiscard]] std::int32_t sint32() const {
    return static_cast<std::int32_t>((uint32() >> 1) ^ (~(uint32() & 1) + 1));
  }
  [[nodiscard]] double real() const { return std::bit_cast<double>(value_); }
  // The present field with its tag, as it stands in the message.
  [[nodiscard]] const char* field_start() const { return field_start_; }
  [[nodiscard]] const char* field_end() const { return rest_.data(); }

 private:
  bool Varint(std::uint64_t& v) {
    if (!rest_.empty() && static_cast<unsigned char>(rest_[0]) < 0x80) {
      v = static_cast<unsigned char>(rest_[0]);
      rest_.remove_prefix(1);
      return true;
    }
    return ReadProtoVarint(rest_, v);
  }
  bool Bytes() {
    std::uint64_t n = 0;
    if (!Varint(n) || n > rest_.size()) return false;
    bytes_ = rest_.substr(0, static_cast<std::size_t>(n));
    rest_.remove_prefix(static_cast<std::size_t>(n));
    return true;
  }
  bool SkipFixed32() {
    std::uint32_t v = 0;
    const bool ok = ReadFixed32(rest_, v);
    value_ = v;
    return ok;
  }
  bool Fail() {
    ok_ = false;
    return false;
  }

  std::string_view rest_;
  std::string_view bytes_;
  std::uint64_t value_ = 0;
  const char* field_start_ = nullptr;
  std::uint32_t number_ = 0;
  WireType type_ = WireType::kVarint;
  bool ok_ = true;
};

}  // namespace bellwether::base
