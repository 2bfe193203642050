#include "storage/rocks/durable_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

namespace bellwether::storage {
namespace {

constexpr std::size_t kCopyBytes = 1u << 20;

base::Status DurableFileError(std::string_view doing, const std::string& path, int error) {
  std::string message = fmt::format("{} {}: {}", doing, path, std::strerror(error));
  return error == ENOSPC || error == EDQUOT || error == EROFS ? base::Unavailable(std::move(message))
                                                              : base::Internal(std::move(message));
}

class OpenFile {
 public:
  OpenFile(const std::string& path, int flags) : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  [[nodiscard]] base::Status Opened() const {
    return fd_ >= 0 ? base::OkStatus() : DurableFileError("open", path_, errno);
  }
  // Up to `max` bytes; nothing at the end.
  base::Status Read(std::size_t max, std::string& bytes) const {
    bytes.resize(max);
    ssize_t n = -1;
    do n = ::read(fd_, bytes.data(), max);
    while (n < 0 && errno == EINTR);
    bytes.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return n < 0 ? DurableFileError("read", path_, errno) : base::OkStatus();
  }
  base::Status Write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return DurableFileError("write", path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return base::OkStatus();
  }
  base::Status Sync() const { return ::fsync(fd_) == 0 ? base::OkStatus() : DurableFileError("sync", path_, errno); }

 private:
  const std::string& path_;
  const int fd_;
};

base::Status SyncPath(const std::string& path) {
  const OpenFile file(path, O_RDONLY);
  BW_RETURN_IF_ERROR(file.Opened());
  return file.Sync();
}

std::string ParentOf(const std::string& path) {
  std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

}  // namespace

base::Status WriteFileDurably(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  {
    const OpenFile file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    BW_RETURN_IF_ERROR(file.Opened());
    BW_RETURN_IF_ERROR(file.Write(bytes));
    BW_RETURN_IF_ERROR(file.Sync());
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return DurableFileError("rename", temporary, errno);
  return SyncPath(ParentOf(path));
}

base::Result<std::string> ReadWholeFile(const std::string& path) {
  const OpenFile file(path, O_RDONLY);
  BW_RETURN_IF_ERROR(file.Opened());
  std::string all;
  std::string piece;
  do {
    BW_RETURN_IF_ERROR(file.Read(kCopyBytes, piece));
    all += piece;
  } while (!piece.empty());
  return all;
}

base::Status CopyFileDurably(const std::string& from, const std::string& to, std::uint64_t bytes) {
  const OpenFile source(from, O_RDONLY);
  BW_RETURN_IF_ERROR(source.Opened());
  const OpenFile target(to, O_WRONLY | O_CREAT | O_EXCL);
  BW_RETURN_IF_ERROR(target.Opened());
  std::string piece;
  while (bytes > 0) {
    BW_RETURN_IF_ERROR(source.Read(static_cast<std::size_t>(std::min<std::uint64_t>(bytes, kCopyBytes)), piece));
    if (piece.empty()) break;
    BW_RETURN_IF_ERROR(target.Write(piece));
    bytes -= piece.size();
  }
  return target.Sync();
}

base::Status LinkOrCopy(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return base::OkStatus();
  return CopyFileDurably(from, to, UINT64_MAX);
}

base::Status SyncDirectoryAndFiles(const std::string& path) {
  std::error_code error;
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (it->is_regular_file(error)) names.push_back(it->path().string());
  }
  if (error) return DurableFileError("list", path, error.value());
  for (const std::string& name : names) BW_RETURN_IF_ERROR(SyncPath(name));
  return SyncPath(path);
}

base::Status SyncDirectoryOnly(const std::string& path) { return SyncPath(path); }

}  // namespace bellwether::storage
