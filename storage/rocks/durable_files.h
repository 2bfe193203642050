// storage/rocks/durable_files.h
//
// The few file operations that copies of a store and its FORMAT are made of. What they made is on the disk when they
// return. Errors of all: kUnavailable (disk full), kInternal (I/O), naming operation and path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace bellwether::storage {

// Replaces the file as a whole.
[[nodiscard]] base::Status WriteFileDurably(const std::string& path, std::string_view bytes);
[[nodiscard]] base::Result<std::string> ReadWholeFile(const std::string& path);
// A new file with the first `bytes` bytes of another.
[[nodiscard]] base::Status CopyFileDurably(const std::string& from, const std::string& to, std::uint64_t bytes);
// A second name for the same file where the file system can, else a copy. For files that are never changed again.
[[nodiscard]] base::Status LinkOrCopy(const std::string& from, const std::string& to);
// What was made, renamed or removed in the directory stays so; file contents in it, one level deep, too.
[[nodiscard]] base::Status SyncDirectoryAndFiles(const std::string& path);
[[nodiscard]] base::Status SyncDirectoryOnly(const std::string& path);

}  // namespace bellwether::storage
