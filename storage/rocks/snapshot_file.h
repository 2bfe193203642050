// storage/rocks/snapshot_file.h
//
// How a snapshot of the head stands in its file: a magic, then blocks with a checksum each, the first saying what it is
// and the last how much it holds, so that a file cut short is known for one. docs/formats/snapshot.md has the grammar.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "storage/head/head.h"

namespace bellwether::storage {

// What a block is. Frozen: these values are on disks.
enum class SnapshotBlock : std::uint8_t { kHeader = 1, kMetadata = 2, kLabels = 3, kSamples = 4, kEnd = 5 };

struct SnapshotHeader {
  std::uint64_t mark = 0;  // Everything journalled below this segment is in the snapshot, or in sealed windows.
  base::DurationMs window;
  base::TimestampMs taken_at;  // By the clock.
  std::uint64_t since = 1;     // The refs are those of commits that say so; see record_codec.h.
};

// The start of a file: magic and header block.
void AppendSnapshotStart(const SnapshotHeader& header, std::string& out);
// A block that will stand at `offset` of the snapshot with that mark: both are part of its checksum.
void AppendSnapshotBlock(SnapshotBlock kind, std::string_view payload, std::uint64_t mark, std::uint64_t offset,
                         std::string& out);
[[nodiscard]] std::string EncodeSnapshotEnd(const head::SnapshotTotals& totals);

struct SnapshotFile {
  SnapshotHeader header;
  std::string_view metadata;  // A commit of the journal.
  head::Head::Snapshot content;
};
// The refs of the series, in their order. False on bytes that are no samples.
[[nodiscard]] bool ReadSnapshotRefs(const SnapshotFile& file, std::vector<SeriesRef>& refs);
// Views into `bytes`. kCorruption, with the offset of the first thing that is not as it was written.
[[nodiscard]] base::Result<SnapshotFile> ReadSnapshotFile(std::string_view bytes);

// snap-<twenty digits of the mark>.
[[nodiscard]] std::string SnapshotName(std::uint64_t mark);
// 0 for names of other files.
[[nodiscard]] std::uint64_t ParseSnapshotName(std::string_view name);

}  // namespace bellwether::storage
