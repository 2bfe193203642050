// Any bytes as a chunk: refused, or read as samples in ascending order; never out of bounds, never without end. What
// was read as floats is written and read again and must be the same.
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "storage/chunk/chunk.h"
#include "storage/chunk/float_columns.h"

namespace {

using bellwether::storage::chunk::Columns;

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace chunk = bellwether::storage::chunk;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static_cast<void>(chunk::VerifyChecksum(bytes));
  Columns columns;
  if (!chunk::DecodeChunk(bytes, columns)) return 0;
  const std::size_t n = columns.timestamps.size();
  Require(n > 0 && columns.values.size() + columns.histograms.size() == n);
  Require(columns.start_timestamps.empty() || columns.start_timestamps.size() == n);
  for (std::size_t i = 1; i < n; ++i) Require(columns.timestamps[i - 1] < columns.timestamps[i]);
  if (columns.values.empty() || n > chunk::kMaxChunkSamples) return 0;
  for (const chunk::Effort effort : {chunk::Effort::kQuick, chunk::Effort::kSmall}) {
    std::string again;
    chunk::EncodeFloatColumns(columns.timestamps, columns.values, columns.start_timestamps, again, effort);
    Columns reread;
    Require(chunk::DecodeChunk(again, reread) && reread.timestamps == columns.timestamps);
    for (std::size_t i = 0; i < n; ++i) {
      Require(std::bit_cast<std::uint64_t>(reread.values[i]) == std::bit_cast<std::uint64_t>(columns.values[i]));
    }
  }
  return 0;
}
