// storage/chunk/varint.h
//
// A varint written where there is room for it, ten bytes at most; base/bytes.h appends to strings.
#pragma once

#include <cstdint>

namespace bellwether::storage::chunk {

// Returns its end.
inline char* PutVarint(char* out, std::uint64_t v) {
  while (v >= 0x80) {
    *out++ = static_cast<char>(v | 0x80);
    v >>= 7;
  }
  *out++ = static_cast<char>(v);
  return out;
}

}  // namespace bellwether::storage::chunk
