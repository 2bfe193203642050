// storage/rocks/fault_rocks_files.h
//
// RocksDB's files on a FaultFileSystem: writes reach the disk with a sync, names with a sync of their directory, and
// every changing operation is one at which the machine may stop. With the journal on the same FaultFileSystem, the
// whole store is. Directories are there at once and for ever; locks hold nobody out; RocksDB's own log goes nowhere.
#pragma once

#include <memory>

#include "storage/journal/fault_file_system.h"

namespace rocksdb {
class FileSystem;
}

namespace bellwether::storage {

// `files` outlives it. One may be used before and after a Crash.
[[nodiscard]] std::shared_ptr<rocksdb::FileSystem> NewFaultRocksFiles(FaultFileSystem& files);

}  // namespace bellwether::storage
