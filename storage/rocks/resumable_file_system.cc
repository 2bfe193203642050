#include "storage/rocks/resumable_file_system.h"

#include <rocksdb/file_system.h>

#include <string>
#include <utility>

namespace bellwether::storage {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus AsFullDisk(IOStatus status) {
  if (!status.IsIOError() || status.IsNoSpace() || status.IsPathNotFound()) return status;
  return IOStatus::NoSpace(status.ToString());
}

class ResumableFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  ResumableFile(std::unique_ptr<rocksdb::FSWritableFile> file, std::atomic<std::uint64_t>& syncs)
      : FSWritableFileOwnerWrapper(std::move(file)), syncs_(syncs) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return AsFullDisk(target()->Append(data, options, debug));
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo& verification,
                  IODebugContext* debug) override {
    return AsFullDisk(target()->Append(data, options, verification, debug));
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    return AsFullDisk(target()->Truncate(size, options, debug));
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    return AsFullDisk(target()->Close(options, debug));
  }
  IOStatus Flush(const IOOptions& options, IODebugContext* debug) override {
    return AsFullDisk(target()->Flush(options, debug));
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    syncs_.fetch_add(1, std::memory_order_relaxed);
    return AsFullDisk(target()->Sync(options, debug));
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    syncs_.fetch_add(1, std::memory_order_relaxed);
    return AsFullDisk(target()->Fsync(options, debug));
  }
  IOStatus RangeSync(std::uint64_t offset, std::uint64_t bytes, const IOOptions& options,
                     IODebugContext* debug) override {
    return AsFullDisk(target()->RangeSync(offset, bytes, options, debug));
  }
  IOStatus Allocate(std::uint64_t offset, std::uint64_t bytes, const IOOptions& options,
                    IODebugContext* debug) override {
    return AsFullDisk(target()->Allocate(offset, bytes, options, debug));
  }

 private:
  std::atomic<std::uint64_t>& syncs_;
};

class ResumableDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  using FSDirectoryWrapper::FSDirectoryWrapper;

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return AsFullDisk(FSDirectoryWrapper::Fsync(options, debug));
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& what) override {
    return AsFullDisk(FSDirectoryWrapper::FsyncWithDirOptions(options, debug, what));
  }
};

class ResumableFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  ResumableFileSystem(const std::shared_ptr<rocksdb::FileSystem>& target, std::atomic<std::uint64_t>& syncs)
      : FileSystemWrapper(target), syncs_(syncs) {}
  [[nodiscard]] const char* Name() const override { return "bellwether.Resumable"; }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) override {
    return Wrap(target()->NewWritableFile(path, options, file, debug), file);
  }
  IOStatus ReopenWritableFile(const std::string& path, const FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) override {
    return Wrap(target()->ReopenWritableFile(path, options, file, debug), file);
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* directory, IODebugContext* debug) override {
    IOStatus status = target()->NewDirectory(path, options, directory, debug);
    if (status.ok()) *directory = std::make_unique<ResumableDirectory>(std::move(*directory));
    return status;
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    return AsFullDisk(target()->RenameFile(from, to, options, debug));
  }
  IOStatus GetFreeSpace(const std::string& path, const IOOptions& options, std::uint64_t* bytes,
                        IODebugContext* debug) override {
    const IOStatus works = TryWriting(path + "/write.probe", options, debug);
    return works.ok() ? target()->GetFreeSpace(path, options, bytes, debug) : works;
  }

 private:
  IOStatus TryWriting(const std::string& path, const IOOptions& options, IODebugContext* debug) {
    std::unique_ptr<rocksdb::FSWritableFile> file;
    IOStatus status = target()->NewWritableFile(path, FileOptions(), &file, debug);
    if (!status.ok()) return status;
    status = file->Append(std::string(4096, '\0'), options, debug);
    if (status.ok()) status = file->Fsync(options, debug);
    const IOStatus closed = file->Close(options, debug);
    const IOStatus removed = target()->DeleteFile(path, options, debug);
    if (status.ok()) status = closed;
    return status.ok() ? removed : status;
  }

  IOStatus Wrap(IOStatus status, std::unique_ptr<rocksdb::FSWritableFile>* file) {
    if (status.ok()) *file = std::make_unique<ResumableFile>(std::move(*file), syncs_);
    return AsFullDisk(std::move(status));
  }

  std::atomic<std::uint64_t>& syncs_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> NewResumableFileSystem(const std::shared_ptr<rocksdb::FileSystem>& target,
                                                            std::atomic<std::uint64_t>& syncs) {
  return std::make_shared<ResumableFileSystem>(target, syncs);
}

}  // namespace bellwether::storage
