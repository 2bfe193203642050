#include "storage/journal/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace bellwether::storage {
namespace {

base::Status FileError(std::string_view doing, const std::string& path, int error) {
  const std::string message = std::string(doing) + " " + path + ": " + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT || error == EROFS) return base::Unavailable(message);
  if (error == ENOENT) return base::NotFound(message);
  if (error == EEXIST) return base::Conflict(message);
  return base::Internal(message);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

class PosixFile final : public WritableFile {
 public:
  PosixFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  base::Status WriteAt(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return FileError("write", path_, n < 0 ? errno : ENOSPC);
      bytes.remove_prefix(static_cast<std::size_t>(n));
      offset += static_cast<std::uint64_t>(n);
    }
    return base::OkStatus();
  }

  base::Status Truncate(std::uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return FileError("truncate", path_, errno);
    return base::OkStatus();
  }

  base::Status Sync() override {
    if (::fdatasync(fd_.get()) != 0) return FileError("sync", path_, errno);
    return base::OkStatus();
  }

 private:
  Descriptor fd_;
  std::string path_;
};

// Not every file system can reserve; then the size alone is set and a full disk shows at the write.
int ReserveSpace(int fd, std::uint64_t size) {
  if (::fallocate(fd, 0, 0, static_cast<off_t>(size)) == 0) return 0;
  if (errno != EOPNOTSUPP && errno != ENOSYS) return errno;
  return ::ftruncate(fd, static_cast<off_t>(size)) == 0 ? 0 : errno;
}

}  // namespace

base::Status PosixFileSystem::MakeDirectories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return FileError("make directory", path, error.value());
  return base::OkStatus();
}

base::Result<std::unique_ptr<WritableFile>> PosixFileSystem::Create(const std::string& path, std::uint64_t size) {
  Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (fd.get() < 0) return FileError("create", path, errno);
  if (size > 0) {
    const int error = ReserveSpace(fd.get(), size);
    if (error != 0) {
      ::unlink(path.c_str());
      return FileError("reserve " + std::to_string(size) + " bytes for", path, error);
    }
  }
  return std::unique_ptr<WritableFile>(std::make_unique<PosixFile>(std::move(fd), path));
}

base::Result<std::unique_ptr<WritableFile>> PosixFileSystem::OpenExisting(const std::string& path) {
  Descriptor fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (fd.get() < 0) return FileError("open", path, errno);
  return std::unique_ptr<WritableFile>(std::make_unique<PosixFile>(std::move(fd), path));
}

namespace {

// Where the last run of data ends; the size if the file system cannot tell.
std::size_t WrittenBytes(int fd, std::size_t size) {
  std::size_t end = 0;
  while (end < size) {
    const off_t data = ::lseek(fd, static_cast<off_t>(end), SEEK_DATA);
    if (data < 0) return errno == ENXIO ? end : size;
    const off_t hole = ::lseek(fd, data, SEEK_HOLE);
    if (hole < 0) return size;
    end = static_cast<std::size_t>(hole);
  }
  return size;
}

enum class Extent : std::uint8_t { kWhole, kWritten };

base::Result<std::string> ReadFile(const std::string& path, Extent extent) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return FileError("open", path, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return FileError("stat", path, errno);
  auto size = static_cast<std::size_t>(info.st_size);
  if (extent == Extent::kWritten) size = WrittenBytes(fd.get(), size);
  std::string bytes(size, '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t n = ::pread(fd.get(), bytes.data() + have, bytes.size() - have, static_cast<off_t>(have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError("read", path, errno);
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace

base::Result<std::string> PosixFileSystem::Read(const std::string& path) { return ReadFile(path, Extent::kWhole); }
base::Result<std::string> PosixFileSystem::ReadWritten(const std::string& path) {
  return ReadFile(path, Extent::kWritten);
}

base::Result<std::uint64_t> PosixFileSystem::Size(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return FileError("stat", path, errno);
  return static_cast<std::uint64_t>(info.st_size);
}

base::Result<std::vector<std::string>> PosixFileSystem::List(const std::string& directory) {
  DIR* dir = ::opendir(directory.c_str());
  if (dir == nullptr) return FileError("list", directory, errno);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(dir);
  std::sort(names.begin(), names.end());
  return names;
}

base::Status PosixFileSystem::Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return FileError("rename to " + to, from, errno);
  return base::OkStatus();
}

base::Status PosixFileSystem::Remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return FileError("remove", path, errno);
  return base::OkStatus();
}

base::Status PosixFileSystem::SyncDirectory(const std::string& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return FileError("open directory", path, errno);
  if (::fsync(fd.get()) != 0) return FileError("sync directory", path, errno);
  return base::OkStatus();
}

}  // namespace bellwether::storage
