// storage/journal/file_system.h
//
// The few file operations the journal is made of, behind an interface, so that a test can forget what was not synced,
// fill the disk or break it at any operation. The errors of all: kUnavailable when the disk (or quota) is full or the
// file system read-only, kNotFound, kConflict (exists already), kInternal for everything else; the message names
// operation and path.
//
// Implementations: PosixFileSystem here, FaultFileSystem (fault_file_system.h) for tests.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace bellwether::storage {

// An open file. One thread at a time.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  // All of `bytes` at `offset`. After an error any part of it may be in the file.
  virtual base::Status WriteAt(std::uint64_t offset, std::string_view bytes) = 0;
  // Cuts the file, or fills it with zeros, to `size`.
  virtual base::Status Truncate(std::uint64_t size) = 0;
  // Returns when contents and size are on the disk. After an error nothing is known about what was written since the
  // last success, and a second try would prove nothing: the kernel may have dropped the pages.
  virtual base::Status Sync() = 0;
};

// Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual base::Status MakeDirectories(const std::string& path) = 0;
  // A new file of `size` bytes of zeros, its space reserved where the file system can.
  virtual base::Result<std::unique_ptr<WritableFile>> Create(const std::string& path, std::uint64_t size) = 0;
  virtual base::Result<std::unique_ptr<WritableFile>> OpenExisting(const std::string& path) = 0;
  virtual base::Result<std::string> Read(const std::string& path) = 0;
  // The same without what was reserved at the end and never written, as far as the file system knows it from zeros.
  virtual base::Result<std::string> ReadWritten(const std::string& path) { return Read(path); }
  virtual base::Result<std::uint64_t> Size(const std::string& path) = 0;
  // Names, not paths, ascending.
  virtual base::Result<std::vector<std::string>> List(const std::string& directory) = 0;
  virtual base::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual base::Status Remove(const std::string& path) = 0;
  // What was created, renamed and removed in the directory stays so.
  virtual base::Status SyncDirectory(const std::string& path) = 0;
};

class PosixFileSystem final : public FileSystem {
 public:
  base::Status MakeDirectories(const std::string& path) override;
  base::Result<std::unique_ptr<WritableFile>> Create(const std::string& path, std::uint64_t size) override;
  base::Result<std::unique_ptr<WritableFile>> OpenExisting(const std::string& path) override;
  base::Result<std::string> Read(const std::string& path) override;
  base::Result<std::string> ReadWritten(const std::string& path) override;
  base::Result<std::uint64_t> Size(const std::string& path) override;
  base::Result<std::vector<std::string>> List(const std::string& directory) override;
  base::Status Rename(const std::string& from, const std::string& to) override;
  base::Status Remove(const std::string& path) override;
  base::Status SyncDirectory(const std::string& path) override;
};

}  // namespace bellwether::storage
