#include "storage/journal/fault_file_system.h"

#include <algorithm>

#include "base/check.h"

namespace bellwether::storage {
namespace {

constexpr std::size_t kSectorBytes = 512;

std::string DirectoryOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

void WriteInto(std::string& bytes, std::uint64_t offset, std::string_view data) {
  if (bytes.size() < offset + data.size()) bytes.resize(offset + data.size(), '\0');
  bytes.replace(offset, data.size(), data);
}

}  // namespace

class FaultFileSystem::File final : public WritableFile {
 public:
  File(FaultFileSystem& owner, std::shared_ptr<Inode> inode, std::string path)
      : owner_(owner), inode_(std::move(inode)), path_(std::move(path)) {}

  base::Status WriteAt(std::uint64_t offset, std::string_view bytes) override {
    const base::MutexLock lock(owner_.mu_);
    const bool was_crashed = owner_.crashed_;
    const Fault fault = owner_.NextFault(Needs::kSpace);
    if (fault == Fault::kNone || !was_crashed) {
      WriteInto(inode_->seen, offset, fault == Fault::kNone ? bytes : bytes.substr(0, bytes.size() / 2));
    }
    return owner_.FaultStatus(fault, "write", path_);
  }

  base::Status Truncate(std::uint64_t size) override {
    const base::MutexLock lock(owner_.mu_);
    const Fault fault = owner_.NextFault();
    if (fault == Fault::kNone) inode_->seen.resize(size, '\0');
    return owner_.FaultStatus(fault, "truncate", path_);
  }

  base::Status Sync() override {
    const base::MutexLock lock(owner_.mu_);
    const Fault fault = owner_.NextFault();
    if (fault == Fault::kNone) inode_->on_disk = inode_->seen;
    return owner_.FaultStatus(fault, "sync", path_);
  }

 private:
  FaultFileSystem& owner_;
  std::shared_ptr<Inode> inode_;
  std::string path_;
};

FaultFileSystem::FaultFileSystem(std::uint64_t seed) : random_(seed) {}
FaultFileSystem::~FaultFileSystem() = default;

void FaultFileSystem::FailAt(std::uint64_t number, Fault fault, bool lasting) {
  const base::MutexLock lock(mu_);
  fail_at_ = number;
  fault_ = fault;
  lasting_ = lasting;
}

std::uint64_t FaultFileSystem::operations() const {
  const base::MutexLock lock(mu_);
  return operations_;
}

FaultFileSystem::Fault FaultFileSystem::NextFault(Needs needs) {
  ++operations_;
  if (crashed_) return Fault::kCrash;
  const bool due = fault_ != Fault::kNone && (lasting_ ? operations_ >= fail_at_ : operations_ == fail_at_);
  if (!due || (fault_ == Fault::kNoSpace && needs == Needs::kNothing)) return Fault::kNone;
  if (fault_ == Fault::kCrash) crashed_ = true;
  return fault_;
}

base::Status FaultFileSystem::FaultStatus(Fault fault, std::string_view doing, const std::string& path) {
  const std::string where = std::string(doing) + " " + path;
  switch (fault) {
    case Fault::kNone: return base::OkStatus();
    case Fault::kNoSpace: return base::Unavailable(where + ": No space left on device");
    case Fault::kBreak: return base::Internal(where + ": Input/output error");
    case Fault::kCrash: return base::Internal(where + ": the machine has stopped");
  }
  return base::OkStatus();
}

void FaultFileSystem::Settle(Inode& inode, Unsynced unsynced) {
  if (unsynced == Unsynced::kForgotten) inode.seen = inode.on_disk;
  if (unsynced == Unsynced::kSome) {
    // The size is one of the two, and of what is within it each sector is old or new.
    std::string mixed = (random_() & 1) != 0 ? inode.seen : inode.on_disk;
    for (std::size_t at = 0; at < mixed.size(); at += kSectorBytes) {
      const std::string& from = (random_() & 1) != 0 ? inode.seen : inode.on_disk;
      for (std::size_t i = at; i < std::min(at + kSectorBytes, mixed.size()); ++i) {
        mixed[i] = i < from.size() ? from[i] : '\0';
      }
    }
    inode.seen = std::move(mixed);
  }
  inode.on_disk = inode.seen;
}

void FaultFileSystem::Crash(Unsynced unsynced) {
  const base::MutexLock lock(mu_);
  if (unsynced == Unsynced::kForgotten) seen_ = on_disk_;
  if (unsynced == Unsynced::kSome) {
    Names mixed = on_disk_;
    for (const auto& [name, inode] : seen_) {
      if ((random_() & 1) != 0) mixed.insert_or_assign(name, inode);
    }
    for (const auto& [name, inode] : on_disk_) {
      if (!seen_.contains(name) && (random_() & 1) != 0) mixed.erase(name);
    }
    seen_ = std::move(mixed);
  }
  on_disk_ = seen_;
  for (auto& [name, inode] : seen_) Settle(*inode, unsynced);
  crashed_ = false;
  fault_ = Fault::kNone;
}

void FaultFileSystem::FlipByte(const std::string& path, std::uint64_t offset) {
  const base::MutexLock lock(mu_);
  Inode& inode = *seen_.at(path);
  for (std::string* bytes : {&inode.seen, &inode.on_disk}) {
    if (offset < bytes->size()) (*bytes)[offset] = static_cast<char>((*bytes)[offset] ^ 0x55);
  }
}

base::Status FaultFileSystem::MakeDirectories(const std::string&) { return base::OkStatus(); }

base::Result<std::unique_ptr<WritableFile>> FaultFileSystem::Create(const std::string& path, std::uint64_t size) {
  const base::MutexLock lock(mu_);
  BW_RETURN_IF_ERROR(FaultStatus(NextFault(Needs::kSpace), "create", path));
  if (seen_.contains(path)) return base::Conflict("create " + path + ": File exists");
  auto inode = std::make_shared<Inode>();
  inode->seen.resize(size, '\0');
  seen_[path] = inode;
  return std::unique_ptr<WritableFile>(std::make_unique<File>(*this, std::move(inode), path));
}

base::Result<std::unique_ptr<WritableFile>> FaultFileSystem::OpenExisting(const std::string& path) {
  const base::MutexLock lock(mu_);
  const auto it = seen_.find(path);
  if (it == seen_.end()) return base::NotFound("open " + path + ": No such file or directory");
  return std::unique_ptr<WritableFile>(std::make_unique<File>(*this, it->second, path));
}

base::Result<std::string> FaultFileSystem::Read(const std::string& path) {
  const base::MutexLock lock(mu_);
  const auto it = seen_.find(path);
  if (it == seen_.end()) return base::NotFound("open " + path + ": No such file or directory");
  return it->second->seen;
}

base::Result<std::uint64_t> FaultFileSystem::Size(const std::string& path) {
  BW_ASSIGN_OR_RETURN(const std::string bytes, Read(path));
  return bytes.size();
}

base::Result<std::vector<std::string>> FaultFileSystem::List(const std::string& directory) {
  const base::MutexLock lock(mu_);
  std::vector<std::string> names;
  for (const auto& [path, inode] : seen_) {
    if (DirectoryOf(path) == directory) names.push_back(path.substr(directory.size() + 1));
  }
  return names;
}

base::Status FaultFileSystem::Rename(const std::string& from, const std::string& to) {
  const base::MutexLock lock(mu_);
  BW_RETURN_IF_ERROR(FaultStatus(NextFault(), "rename", from));
  const auto it = seen_.find(from);
  if (it == seen_.end()) return base::NotFound("rename " + from + ": No such file or directory");
  seen_[to] = it->second;
  seen_.erase(from);
  return base::OkStatus();
}

base::Status FaultFileSystem::Link(const std::string& from, const std::string& to) {
  const base::MutexLock lock(mu_);
  BW_RETURN_IF_ERROR(FaultStatus(NextFault(), "link", from));
  const auto it = seen_.find(from);
  if (it == seen_.end()) return base::NotFound("link " + from + ": No such file or directory");
  if (!seen_.try_emplace(to, it->second).second) return base::Conflict("link " + to + ": File exists");
  return base::OkStatus();
}

base::Status FaultFileSystem::Remove(const std::string& path) {
  const base::MutexLock lock(mu_);
  BW_RETURN_IF_ERROR(FaultStatus(NextFault(), "remove", path));
  if (seen_.erase(path) == 0) return base::NotFound("remove " + path + ": No such file or directory");
  return base::OkStatus();
}

base::Status FaultFileSystem::SyncDirectory(const std::string& path) {
  const base::MutexLock lock(mu_);
  BW_RETURN_IF_ERROR(FaultStatus(NextFault(), "sync directory", path));
  std::erase_if(on_disk_, [&](const auto& item) { return DirectoryOf(item.first) == path; });
  for (const auto& [name, inode] : seen_) {
    if (DirectoryOf(name) == path) on_disk_[name] = inode;
  }
  return base::OkStatus();
}

}  // namespace bellwether::storage
