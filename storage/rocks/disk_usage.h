// storage/rocks/disk_usage.h
//
// What the store takes on disk, by part. The parts add up to what `du -s --block-size=1` says of its directory: blocks
// allocated, not lengths of files, so that a journal segment counts from its reservation on; directories too; what has
// several names once.
//
//   data, index   tables of sealed windows           log       journal/
//   state         tables of meta, state, newest and  head      head/: what shortens a start
//                 RocksDB's write-ahead log          snapshot  snapshots/: copies made on demand; of files that the
//   other         files being made, and the rest                store still has, nothing
//
// A walk costs a system call a file: for maintenance, not for a scrape.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace bellwether::storage {

enum class DiskPart : std::uint8_t { kData, kIndex, kLog, kState, kHead, kSnapshot, kOther };
inline constexpr std::size_t kDiskParts = 7;
[[nodiscard]] std::string_view DiskPartName(DiskPart part);  // "data", "index", "log", ...

struct DiskUsage {
  std::array<std::uint64_t, kDiskParts> bytes{};
  [[nodiscard]] std::uint64_t Total() const;
};

// The parts of RocksDB's tables by the names of their files ("000012.sst").
using TableParts = std::unordered_map<std::string, DiskPart>;

// Files that go or come meanwhile are counted or not. A directory that cannot be read counts as empty.
[[nodiscard]] DiskUsage MeasureDisk(const std::string& path, const TableParts& tables);

}  // namespace bellwether::storage
