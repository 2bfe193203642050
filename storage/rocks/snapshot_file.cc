#include "storage/rocks/snapshot_file.h"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <charconv>

#include "base/bytes.h"

namespace bellwether::storage {
namespace {

constexpr std::string_view kSnapshotMagic = "BWSNAP02";
constexpr std::size_t kBlockHeaderBytes = 16;
constexpr std::string_view kSnapshotPrefix = "snap-";
constexpr std::size_t kMarkDigits = 20;

std::uint64_t BlockChecksum(const char* header, std::string_view payload, std::uint64_t mark, std::uint64_t offset) {
  const std::uint64_t words[4] = {base::LoadFixed64(header), XXH3_64bits(payload.data(), payload.size()), mark, offset};
  return XXH3_64bits(words, sizeof(words));
}

base::Status BadSnapshot(std::size_t offset, std::string_view what) {
  return base::Corruption(fmt::format("at offset {}: {}", offset, what));
}

bool ReadHeader(std::string_view in, SnapshotHeader& header) {
  std::uint64_t window = 0;
  std::uint64_t taken_at = 0;
  if (!base::ReadVarint(in, header.mark) || !base::ReadVarint(in, window) || !base::ReadVarint(in, taken_at) ||
      !base::ReadVarint(in, header.since)) {
    return false;
  }
  header.window = base::DurationMs(static_cast<std::int64_t>(window));
  header.taken_at = base::TimestampMs(base::UnZigZag(taken_at));
  return in.empty();
}

bool ReadEnd(std::string_view in, head::SnapshotTotals& totals) {
  return base::ReadVarint(in, totals.strings) && base::ReadVarint(in, totals.pairs) &&
         base::ReadVarint(in, totals.series) && in.empty();
}

}  // namespace

void AppendSnapshotBlock(SnapshotBlock kind, std::string_view payload, std::uint64_t mark, std::uint64_t offset,
                         std::string& out) {
  const std::size_t begin = out.size();
  base::AppendFixed32(out, static_cast<std::uint32_t>(payload.size()));
  base::AppendFixed32(out, static_cast<std::uint32_t>(kind));
  base::AppendFixed64(out, BlockChecksum(out.data() + begin, payload, mark, offset));
  out.append(payload);
}

void AppendSnapshotStart(const SnapshotHeader& header, std::string& out) {
  out.append(kSnapshotMagic);
  std::string payload;
  base::AppendVarint(payload, header.mark);
  base::AppendVarint(payload, static_cast<std::uint64_t>(header.window.ms));
  base::AppendVarint(payload, base::ZigZag(header.taken_at.ms));
  base::AppendVarint(payload, header.since);
  AppendSnapshotBlock(SnapshotBlock::kHeader, payload, 0, kSnapshotMagic.size(), out);
}

std::string EncodeSnapshotEnd(const head::SnapshotTotals& totals) {
  std::string payload;
  base::AppendVarint(payload, totals.strings);
  base::AppendVarint(payload, totals.pairs);
  base::AppendVarint(payload, totals.series);
  return payload;
}

base::Result<SnapshotFile> ReadSnapshotFile(std::string_view bytes) {
  if (!bytes.starts_with(kSnapshotMagic)) return BadSnapshot(0, "not a snapshot of this version");
  SnapshotFile file;
  bool has_header = false;
  for (std::size_t at = kSnapshotMagic.size(); bytes.size() - at >= kBlockHeaderBytes;) {
    const char* const block = bytes.data() + at;
    const std::size_t length = base::LoadFixed32(block);
    if (length > bytes.size() - at - kBlockHeaderBytes) return BadSnapshot(at, "a block is cut short");
    const std::string_view payload = bytes.substr(at + kBlockHeaderBytes, length);
    if (base::LoadFixed64(block + 8) != BlockChecksum(block, payload, file.header.mark, at)) {
      return BadSnapshot(at, "the checksum of a block does not hold");
    }
    const std::uint32_t kind = base::LoadFixed32(block + 4);
    if (has_header == (kind == static_cast<std::uint32_t>(SnapshotBlock::kHeader))) {
      return BadSnapshot(at, "the header is not the first block");
    }
    at += kBlockHeaderBytes + length;
    switch (static_cast<SnapshotBlock>(kind)) {
      case SnapshotBlock::kHeader:
        if (!ReadHeader(payload, file.header)) return BadSnapshot(at, "the header is malformed");
        has_header = true;
        break;
      case SnapshotBlock::kMetadata: file.metadata = payload; break;
      case SnapshotBlock::kLabels: file.content.labels.push_back(payload); break;
      case SnapshotBlock::kSamples: file.content.samples.push_back(payload); break;
      case SnapshotBlock::kEnd:
        if (!ReadEnd(payload, file.content.totals)) return BadSnapshot(at, "the end is malformed");
        if (at != bytes.size()) return BadSnapshot(at, "bytes behind the end");
        return file;
      default: return BadSnapshot(at, "a block of unknown kind");
    }
  }
  return BadSnapshot(bytes.size(), "the end is missing");
}

bool ReadSnapshotRefs(const SnapshotFile& file, std::vector<SeriesRef>& refs) {
  for (std::string_view samples : file.content.samples) {
    std::uint64_t first = 0;
    if (!head::ReadSamplesHeader(samples, first, refs)) return false;
  }
  return true;
}

std::string SnapshotName(std::uint64_t mark) { return fmt::format("{}{:020}", kSnapshotPrefix, mark); }

std::uint64_t ParseSnapshotName(std::string_view name) {
  if (name.size() != kSnapshotPrefix.size() + kMarkDigits || !name.starts_with(kSnapshotPrefix)) return 0;
  std::uint64_t mark = 0;
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + kSnapshotPrefix.size(), end, mark);
  return error == std::errc() && rest == end ? mark : 0;
}

}  // namespace bellwether::storage
