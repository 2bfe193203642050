#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <set>

#include "storage/rocks/fault_rocks_files.h"

namespace bellwether::storage {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus ToRocks(const base::Status& status) {
  switch (status.code()) {
    case base::StatusCode::kOk: return IOStatus::OK();
    case base::StatusCode::kNotFound: return IOStatus::PathNotFound(status.message());
    case base::StatusCode::kUnavailable: return IOStatus::NoSpace(status.message());
    default: return IOStatus::IOError(status.message());
  }
}

// One slash between the parts, none at the end.
std::string PlainPath(const std::string& path) {
  std::string plain;
  for (const char c : path) {
    if (c != '/' || plain.empty() || plain.back() != '/') plain += c;
  }
  if (plain.size() > 1 && plain.back() == '/') plain.pop_back();
  return plain;
}

class FaultWritable final : public rocksdb::FSWritableFile {
 public:
  FaultWritable(std::unique_ptr<WritableFile> file, std::uint64_t size) : file_(std::move(file)), size_(size) {}

  using FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    IOStatus written = ToRocks(file_->WriteAt(size_, data.ToStringView()));
    if (written.ok()) size_ += data.size();
    return written;
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions&, IODebugContext*) override {
    if (size == size_) return IOStatus::OK();
    size_ = size;
    return ToRocks(file_->Truncate(size));
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return ToRocks(file_->Sync()); }
  bool IsSyncThreadSafe() const override { return true; }
  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return size_; }

 private:
  std::unique_ptr<WritableFile> file_;
  std::uint64_t size_;
};

// Files are read as they were when they were opened: RocksDB reads what it has finished.
class FaultSequential final : public rocksdb::FSSequentialFile {
 public:
  explicit FaultSequential(std::string bytes) : bytes_(std::move(bytes)) {}
  IOStatus Read(std::size_t n, const IOOptions&, Slice* result, char* scratch, IODebugContext*) override {
    n = std::min(n, bytes_.size() - at_);
    std::memcpy(scratch, bytes_.data() + at_, n);
    *result = Slice(scratch, n);
    at_ += n;
    return IOStatus::OK();
  }
  IOStatus Skip(std::uint64_t n) override {
    at_ += std::min<std::size_t>(n, bytes_.size() - at_);
    return IOStatus::OK();
  }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

class FaultRandomAccess final : public rocksdb::FSRandomAccessFile {
 public:
  explicit FaultRandomAccess(std::string bytes) : bytes_(std::move(bytes)) {}
  // Into `scratch`, even though a slice of bytes_ would do: RocksDB's prefetching looks there.
  IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    const std::size_t from = std::min<std::size_t>(offset, bytes_.size());
    n = std::min(n, bytes_.size() - from);
    std::memcpy(scratch, bytes_.data() + from, n);
    *result = Slice(scratch, n);
    return IOStatus::OK();
  }

 private:
  std::string bytes_;
};

class FaultDirectory final : public rocksdb::FSDirectory {
 public:
  FaultDirectory(FaultFileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return ToRocks(files_.SyncDirectory(path_)); }

 private:
  FaultFileSystem& files_;
  std::string path_;
};

class NoLock final : public rocksdb::FileLock {};

class NoLog final : public rocksdb::Logger {
 public:
  using Logger::Logv;
  void Logv(const char*, va_list) override {}
  std::size_t GetLogFileSize() const override { return 0; }
};

class FaultRocksFiles final : public rocksdb::FileSystemWrapper {
 public:
  explicit FaultRocksFiles(FaultFileSystem& files) : FileSystemWrapper(rocksdb::FileSystem::Default()), files_(files) {}
  const char* Name() const override { return "FaultRocksFiles"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result, IODebugContext*) override {
    base::Result<std::string> bytes = files_.Read(PlainPath(path));
    if (bytes.ok()) *result = std::make_unique<FaultSequential>(std::move(*bytes));
    return ToRocks(bytes.status());
  }
  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result, IODebugContext*) override {
    base::Result<std::string> bytes = files_.Read(PlainPath(path));
    if (bytes.ok()) *result = std::make_unique<FaultRandomAccess>(std::move(*bytes));
    return ToRocks(bytes.status());
  }
  IOStatus NewWritableFile(const std::string& path, const FileOptions&,
                           std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext*) override {
    const std::string plain = PlainPath(path);
    if (files_.Read(plain).ok()) {
      if (const base::Status removed = files_.Remove(plain); !removed.ok()) return ToRocks(removed);
    }
    auto file = files_.Create(plain, 0);
    if (file.ok()) *result = std::make_unique<FaultWritable>(std::move(*file), 0);
    return ToRocks(file.status());
  }
  IOStatus ReopenWritableFile(const std::string& path, const FileOptions&,
                              std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext*) override {
    const std::string plain = PlainPath(path);
    const base::Result<std::string> bytes = files_.Read(plain);
    if (!bytes.ok()) return ToRocks(bytes.status());
    auto file = files_.OpenExisting(plain);
    if (file.ok()) *result = std::make_unique<FaultWritable>(std::move(*file), bytes->size());
    return ToRocks(file.status());
  }
  IOStatus ReuseWritableFile(const std::string& path, const std::string& old_path, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) override {
    IOStatus renamed = RenameFile(old_path, path, options.io_options, debug);
    return renamed.ok() ? NewWritableFile(path, options, result, debug) : renamed;
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions&, std::unique_ptr<rocksdb::FSDirectory>* result,
                        IODebugContext*) override {
    *result = std::make_unique<FaultDirectory>(files_, PlainPath(path));
    return IOStatus::OK();
  }
  IOStatus FileExists(const std::string& path, const IOOptions&, IODebugContext*) override {
    const std::string plain = PlainPath(path);
    return files_.Read(plain).ok() || HasDirectory(plain) ? IOStatus::OK() : IOStatus::NotFound(plain);
  }
  IOStatus GetChildren(const std::string& path, const IOOptions&, std::vector<std::string>* names,
                       IODebugContext*) override {
    auto listed = files_.List(PlainPath(path));
    if (listed.ok()) *names = std::move(*listed);
    return ToRocks(listed.status());
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) override {
    return ToRocks(files_.Remove(PlainPath(path)));
  }
  IOStatus CreateDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    const std::lock_guard lock(mu_);
    return directories_.insert(PlainPath(path)).second ? IOStatus::OK() : IOStatus::IOError("there already: " + path);
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions&, IODebugContext*) override {
    const std::lock_guard lock(mu_);
    directories_.insert(PlainPath(path));
    return IOStatus::OK();
  }
  IOStatus DeleteDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    const std::lock_guard lock(mu_);
    directories_.erase(PlainPath(path));
    return IOStatus::OK();
  }
  IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* is, IODebugContext*) override {
    *is = HasDirectory(PlainPath(path));
    return IOStatus::OK();
  }
  IOStatus GetFileSize(const std::string& path, const IOOptions&, std::uint64_t* size, IODebugContext*) override {
    const base::Result<std::string> bytes = files_.Read(PlainPath(path));
    *size = bytes.ok() ? bytes->size() : 0;
    return ToRocks(bytes.status());
  }
  IOStatus GetFileModificationTime(const std::string& path, const IOOptions& options, std::uint64_t* time,
                                   IODebugContext* debug) override {
    *time = 0;
    return FileExists(path, options, debug);
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&, IODebugContext*) override {
    return ToRocks(files_.Rename(PlainPath(from), PlainPath(to)));
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions&, IODebugContext*) override {
    return ToRocks(files_.Link(PlainPath(from), PlainPath(to)));
  }
  IOStatus LockFile(const std::string&, const IOOptions&, rocksdb::FileLock** lock, IODebugContext*) override {
    *lock = new NoLock;
    return IOStatus::OK();
  }
  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) override {
    delete lock;
    return IOStatus::OK();
  }
  IOStatus NewLogger(const std::string&, const IOOptions&, std::shared_ptr<rocksdb::Logger>* result,
                     IODebugContext*) override {
    *result = std::make_shared<NoLog>();
    return IOStatus::OK();
  }
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* absolute, IODebugContext*) override {
    *absolute = path;
    return IOStatus::OK();
  }

 private:
  bool HasDirectory(const std::string& plain) {
    const std::lock_guard lock(mu_);
    return directories_.contains(plain);
  }

  FaultFileSystem& files_;
  std::mutex mu_;
  std::set<std::string> directories_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> NewFaultRocksFiles(FaultFileSystem& files) {
  return std::make_shared<FaultRocksFiles>(files);
}

}  // namespace bellwether::storage
