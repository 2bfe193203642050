// storage/rocks/directory_lock.h
//
// One process a store: a file LOCK in its directory, locked as long as the object lives and holding the process id. The
// lock is the kernel's and goes with the process, so a killed server leaves nothing to clean up.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"

namespace bellwether::storage {

class DirectoryLock {
 public:
  // Makes the directory if it is absent. Errors: kUnavailable, naming file and holder; kInternal (I/O).
  [[nodiscard]] static base::Result<std::unique_ptr<DirectoryLock>> Acquire(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  const int fd_;
};

}  // namespace bellwether::storage
