// api/remote_read/proto_writer.h
//
// Protobuf's wire format, appended to a string. Fields of value zero are left out, as proto3 has it, but by the
// functions that say otherwise.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/proto_reader.h"

namespace bellwether::api::remote_read {

inline void AppendProtoTag(std::string& out, std::uint32_t field, base::WireType type) {
  base::AppendVarint(out, std::uint64_t{field} << 3 | static_cast<std::uint64_t>(type));
}

inline void AppendProtoVarintAlways(std::string& out, std::uint32_t field, std::uint64_t v) {
  AppendProtoTag(out, field, base::WireType::kVarint);
  base::AppendVarint(out, v);
}
inline void AppendProtoVarint(std::string& out, std::uint32_t field, std::uint64_t v) {
  if (v != 0) AppendProtoVarintAlways(out, field, v);
}
inline void AppendProtoInt64(std::string& out, std::uint32_t field, std::int64_t v) {
  AppendProtoVarint(out, field, static_cast<std::uint64_t>(v));
}

inline void AppendProtoDoubleAlways(std::string& out, std::uint32_t field, double v) {
  AppendProtoTag(out, field, base::WireType::kFixed64);
  base::AppendFixed64(out, std::bit_cast<std::uint64_t>(v));
}
// Minus zero is not zero.
inline void AppendProtoDouble(std::string& out, std::uint32_t field, double v) {
  if (std::bit_cast<std::uint64_t>(v) != 0) AppendProtoDoubleAlways(out, field, v);
}

// A string, or an embedded message; also when it is empty.
inline void AppendProtoBytes(std::string& out, std::uint32_t field, std::string_view bytes) {
  AppendProtoTag(out, field, base::WireType::kBytes);
  base::AppendLengthPrefixed(out, bytes);
}

}  // namespace bellwether::api::remote_read
