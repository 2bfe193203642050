// storage/rocks/resumable_file_system.h
//
// After a write that failed for want of space RocksDB looks every five seconds whether there is some, and then goes on
// by itself: it writes what is in memory to new files, begins a new log, and trusts no file that failed. Any other
// failure of a write (read-only file system, I/O error) ends it until it is opened again. Here every failed write, sync
// or creation of a file is told as a full disk, so that all heal the same way; the message keeps the cause. And when
// RocksDB asks for the space, it hears of some only if a file can be written and synced, since it does not survive a
// second failure while it recovers. Reads are left alone.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace rocksdb {
class FileSystem;
}

namespace bellwether::storage {

// Counts syncs of files in `syncs`, which outlives the file system.
[[nodiscard]] std::shared_ptr<rocksdb::FileSystem> NewResumableFileSystem(
    const std::shared_ptr<rocksdb::FileSystem>& target, std::atomic<std::uint64_t>& syncs);

}  // namespace bellwether::storage
