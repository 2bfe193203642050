#include "storage/rocks/disk_usage.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

namespace bellwether::storage {
namespace {

constexpr std::uint64_t kStatBlockBytes = 512;  // Of st_blocks, whatever the file system's are.

class DiskWalk {
 public:
  DiskWalk(std::string root, const TableParts& tables) : root_(std::move(root)), tables_(tables) {}

  DiskUsage Run() {
    Count(root_, DiskPart::kOther);
    std::vector<std::string> names = Names(root_);
    // What a snapshot shares with the store is the store's.
    std::stable_partition(names.begin(), names.end(), [](const std::string& name) { return name != "snapshots"; });
    for (const std::string& name : names) Walk(root_ + "/" + name, name, TopPart(name));
    return usage_;
  }

 private:
  static DiskPart TopPart(std::string_view name) {
    if (name == "journal") return DiskPart::kLog;
    if (name == "head") return DiskPart::kHead;
    if (name == "snapshots") return DiskPart::kSnapshot;
    return DiskPart::kOther;
  }

  DiskPart PartOf(const std::string& name, DiskPart folder) const {
    if (folder != DiskPart::kOther) return folder;
    if (const auto table = tables_.find(name); table != tables_.end()) return table->second;
    return name.ends_with(".log") ? DiskPart::kState : DiskPart::kOther;
  }

  void Walk(const std::string& path, const std::string& name, DiskPart folder) {
    if (!Count(path, PartOf(name, folder))) return;
    for (const std::string& inner : Names(path)) Walk(path + "/" + inner, inner, folder);
  }

  // True for a directory.
  bool Count(const std::string& path, DiskPart part) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) return false;
    const bool is_directory = S_ISDIR(info.st_mode);
    if (!is_directory && info.st_nlink > 1 && !linked_.emplace(info.st_dev, info.st_ino).second) return false;
    usage_.bytes[static_cast<std::size_t>(part)] += static_cast<std::uint64_t>(info.st_blocks) * kStatBlockBytes;
    return is_directory;
  }

  static std::vector<std::string> Names(const std::string& directory) {
    std::vector<std::string> names;
    DIR* open = ::opendir(directory.c_str());
    if (open == nullptr) return names;
    while (const dirent* entry = ::readdir(open)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    ::closedir(open);
    return names;
  }

  const std::string root_;
  const TableParts& tables_;
  DiskUsage usage_;
  std::set<std::pair<dev_t, ino_t>> linked_;
};

}  // namespace

std::string_view DiskPartName(DiskPart part) {
  switch (part) {
    case DiskPart::kData: return "data";
    case DiskPart::kIndex: return "index";
    case DiskPart::kLog: return "log";
    case DiskPart::kState: return "state";
    case DiskPart::kHead: return "head";
    case DiskPart::kSnapshot: return "snapshot";
    case DiskPart::kOther: return "other";
  }
  return "unknown";
}

std::uint64_t DiskUsage::Total() const { return std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0}); }

DiskUsage MeasureDisk(const std::string& path, const TableParts& tables) { return DiskWalk(path, tables).Run(); }

}  // namespace bellwether::storage
