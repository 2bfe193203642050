#include "storage/chunk/chunk.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "storage/chunk/float_columns.h"
#include "storage/chunk/float_stream.h"
#include "storage/chunk/histogram_chunk.h"
#include "storage/chunk/kind.h"

namespace bellwether::storage::chunk {
namespace {

std::uint32_t ChunkChecksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(XXH3_64bits(bytes.data(), bytes.size()));
}

}  // namespace

bool DecodeChunk(std::string_view bytes, Columns& out) {
  if (bytes.empty()) return false;
  const auto kind = static_cast<Kind>(bytes[0]);
  bytes.remove_prefix(1);
  switch (kind) {
    case Kind::kFloatStream: return DecodeFloatStream(bytes, out);
    case Kind::kFloatColumns: return DecodeFloatColumns(bytes, out);
    case Kind::kHistograms: return DecodeHistograms(bytes, out);
  }
  return false;
}

void AppendChecksum(std::string& out, std::size_t begin) {
  base::AppendFixed32(out, ChunkChecksum(std::string_view(out).substr(begin)));
}

std::optional<std::string_view> VerifyChecksum(std::string_view bytes) {
  if (bytes.size() < kChecksumBytes) return std::nullopt;
  const std::string_view body = bytes.substr(0, bytes.size() - kChecksumBytes);
  if (base::LoadFixed32(body.data() + body.size()) != ChunkChecksum(body)) return std::nullopt;
  return body;
}

}  // namespace bellwether::storage::chunk
