// Any bytes as values of sealed windows: chunks of a series, posting lists, catalogue entries, label sets. Refused, or
// read within bounds; what was read is written and read again and must be the same. The first byte says which.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "metric/labels.h"
#include "storage/chunk/chunk.h"
#include "storage/chunk/merged_cursor.h"
#include "storage/rocks/window_format.h"

namespace {

namespace chunk = bellwether::storage::chunk;
using bellwether::base::TimestampMs;
using bellwether::metric::Labels;
using bellwether::storage::WindowEntry;

void Require(bool condition) {
  if (!condition) std::abort();
}

// As they are, and with the checksum that lets them pass.
void FuzzChunks(std::string_view bytes) {
  std::vector<chunk::ChunkView> views;
  static_cast<void>(bellwether::storage::ReadChunks(bytes, views));
  std::string sealed(bytes);
  chunk::AppendChecksum(sealed);
  views.clear();
  if (!bellwether::storage::ReadChunks(sealed, views)) return;
  chunk::MergedCursor cursor;
  cursor.Reset(views, TimestampMs::Min(), TimestampMs::Max());
  bellwether::storage::SampleBatch batch;
  bool any = false;
  TimestampMs last;
  while (cursor.Next(batch)) {
    for (const TimestampMs t : batch.timestamps) {
      Require(!any || last < t);
      any = true;
      last = t;
    }
  }
  std::string again;
  bellwether::storage::AppendChunks(views, again);
  std::vector<chunk::ChunkView> reread;
  Require(bellwether::storage::ReadChunks(again, reread) && reread.size() == views.size());
  for (std::size_t i = 0; i < views.size(); ++i) {
    Require(reread[i].min == views[i].min && reread[i].max == views[i].max && reread[i].count == views[i].count &&
            reread[i].bytes == views[i].bytes);
  }
}

void FuzzPostings(std::string_view bytes) {
  constexpr std::uint64_t kCount = 100'000;
  std::vector<std::uint32_t> ordinals;
  if (!bellwether::storage::ReadPostings(bytes, kCount, ordinals)) return;
  for (std::size_t i = 0; i < ordinals.size(); ++i) {
    Require(ordinals[i] < kCount && (i == 0 || ordinals[i - 1] < ordinals[i]));
  }
  std::string again;
  bellwether::storage::AppendPostings(ordinals, again);
  std::vector<std::uint32_t> reread;
  Require(bellwether::storage::ReadPostings(again, kCount, reread) && reread == ordinals);
}

void FuzzEntry(std::string_view bytes) {
  constexpr std::size_t kKeyBytes = bellwether::storage::kWindowPrefixBytes;
  const std::string key = std::string(bellwether::storage::kCatalogueWindows) + std::string(bytes.substr(0, kKeyBytes));
  WindowEntry entry;
  if (bytes.size() < kKeyBytes) return;
  if (!bellwether::storage::DecodeWindowEntry(key, bytes.substr(kKeyBytes), entry)) return;
  Require(bellwether::storage::CatalogueKey(entry.key) == key);
  WindowEntry reread;
  const std::string again = bellwether::storage::EncodeWindowEntry(entry);
  Require(bellwether::storage::DecodeWindowEntry(key, again, reread));
  Require(bellwether::storage::EncodeWindowEntry(reread) == again);
}

void FuzzLabels(std::string_view bytes) {
  const auto labels = Labels::Decode(bytes);
  if (!labels) return;
  Require(labels->bytes() == bytes);
  std::string_view last;
  for (const auto& label : *labels) {
    Require(last.empty() || last < label.name);
    Require(!label.value.empty());
    last = label.name;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: FuzzChunks(bytes); break;
    case 1: FuzzPostings(bytes); break;
    case 2: FuzzEntry(bytes); break;
    default: FuzzLabels(bytes); break;
  }
  return 0;
}
