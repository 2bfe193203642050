// base/bytes.h
//
// Integers as bytes: little-endian fixed width, LEB128 varints, zigzag. Encoders append to the caller's buffer; readers
// take a view and shorten it, and say false on truncated or overlong input.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace bellwether::base {

inline constexpr std::size_t kMaxVarintBytes = 10;

inline void AppendFixed32(std::string& out, std::uint32_t v) { out.append(reinterpret_cast<const char*>(&v), 4); }
inline void AppendFixed64(std::string& out, std::uint64_t v) { out.append(reinterpret_cast<const char*>(&v), 8); }

// Big-endian, so that keys compare as numbers do.
inline void AppendBigEndian32(std::string& out, std::uint32_t v) { AppendFixed32(out, __builtin_bswap32(v)); }
inline void AppendBigEndian64(std::string& out, std::uint64_t v) { AppendFixed64(out, __builtin_bswap64(v)); }

inline void AppendVarint(std::string& out, std::uint64_t v) {
  char buffer[kMaxVarintBytes];
  std::size_t n = 0;
  while (v >= 0x80) {
    buffer[n++] = static_cast<char>(v | 0x80);
    v >>= 7;
  }
  buffer[n++] = static_cast<char>(v);
  out.append(buffer, n);
}

constexpr std::uint64_t ZigZag(std::int64_t v) {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
constexpr std::int64_t UnZigZag(std::uint64_t v) {
  return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
}

inline void AppendLengthPrefixed(std::string& out, std::string_view bytes) {
  AppendVarint(out, bytes.size());
  out.append(bytes);
}

[[nodiscard]] inline std::uint32_t LoadFixed32(const char* p) {
  std::uint32_t v;
  std::memcpy(&v, p, 4);
  return v;
}
[[nodiscard]] inline std::uint64_t LoadFixed64(const char* p) {
  std::uint64_t v;
  std::memcpy(&v, p, 8);
  return v;
}

[[nodiscard]] inline bool ReadFixed32(std::string_view& in, std::uint32_t& v) {
  if (in.size() < 4) return false;
  v = LoadFixed32(in.data());
  in.remove_prefix(4);
  return true;
}
[[nodiscard]] inline bool ReadFixed64(std::string_view& in, std::uint64_t& v) {
  if (in.size() < 8) return false;
  v = LoadFixed64(in.data());
  in.remove_prefix(8);
  return true;
}
[[nodiscard]] inline bool ReadBigEndian32(std::string_view& in, std::uint32_t& v) {
  if (!ReadFixed32(in, v)) return false;
  v = __builtin_bswap32(v);
  return true;
}
[[nodiscard]] inline bool ReadBigEndian64(std::string_view& in, std::uint64_t& v) {
  if (!ReadFixed64(in, v)) return false;
  v = __builtin_bswap64(v);
  return true;
}

// At most ten bytes, the tenth at most 1, as protobuf's.
[[nodiscard]] inline bool ReadVarint(std::string_view& in, std::uint64_t& v) {
  std::uint64_t result = 0;
  const std::size_t limit = in.size() < kMaxVarintBytes ? in.size() : kMaxVarintBytes;
  for (std::size_t i = 0; i < limit; ++i) {
    const auto byte = static_cast<unsigned char>(in[i]);
    if (i == kMaxVarintBytes - 1 && byte > 1) return false;
    result |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      v = result;
      in.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

[[nodiscard]] inline bool ReadLengthPrefixed(std::string_view& in, std::string_view& bytes) {
  std::uint64_t n = 0;
  if (!ReadVarint(in, n) || n > in.size()) return false;
  bytes = in.substr(0, static_cast<std::size_t>(n));
  in.remove_prefix(static_cast<std::size_t>(n));
  return true;
}

}  // namespace bellwether::base
