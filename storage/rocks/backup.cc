#include "storage/rocks/backup.h"

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/utilities/checkpoint.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "storage/journal/segment_name.h"
#include "storage/rocks/data_format.h"
#include "storage/rocks/directory_lock.h"
#include "storage/rocks/durable_files.h"

namespace bellwether::storage {
namespace {

namespace fs = std::filesystem;

base::Status FromSystem(const std::error_code& error, std::string_view doing, const std::string& path) {
  if (!error) return base::OkStatus();
  std::string message = fmt::format("{} {}: {}", doing, path, error.message());
  return error == std::errc::no_space_on_device ? base::Unavailable(std::move(message))
                                                : base::Internal(std::move(message));
}

base::Status MakeDirectory(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  return FromSystem(error, "make directory", path);
}

// Table files are ours to link; what else a checkpoint holds is new. RocksDB 7.8 does not sync all of it.
base::Status CheckpointDatabase(RocksCore& core, const std::string& target) {
  rocksdb::Checkpoint* made = nullptr;
  BW_RETURN_IF_ERROR(FromRocks(rocksdb::Checkpoint::Create(&core.database->db(), &made), "prepare a checkpoint"));
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  BW_RETURN_IF_ERROR(FromRocks(core.database->db().FlushWAL(true), "sync the database's log"));
  BW_RETURN_IF_ERROR(FromRocks(checkpoint->CreateCheckpoint(target, 0), "write the checkpoint " + target));
  return SyncDirectoryAndFiles(target);
}

// The segments below `end`. The last of them may still be cut to its length: it is copied, the others are linked.
base::Status CopyJournal(RocksCore& core, std::uint64_t end, const std::string& target) {
  const std::string source = core.options.path + "/journal";
  std::vector<SegmentInfo> segments;
  for (const SegmentInfo& segment : core.journal->Segments()) {
    if (segment.number >= core.catalogue->mark() && segment.number < end) segments.push_back(segment);
  }
  for (const SegmentInfo& segment : segments) {
    const std::string from = source + "/" + SegmentName(segment.number);
    const std::string to = target + "/" + SegmentName(segment.number);
    const bool is_last = segment.number == segments.back().number;
    BW_RETURN_IF_ERROR(is_last ? CopyFileDurably(from, to, segment.bytes) : LinkOrCopy(from, to));
  }
  return SyncDirectoryAndFiles(target);
}

base::Status LinkSnapshotsOfHead(const std::string& source, const std::string& target) {
  std::error_code error;
  if (!fs::exists(source, error)) return base::OkStatus();
  BW_RETURN_IF_ERROR(MakeDirectory(target));
  for (fs::directory_iterator it(source, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".tmp") continue;
    BW_RETURN_IF_ERROR(LinkOrCopy(it->path().string(), target + "/" + it->path().filename().string()));
  }
  BW_RETURN_IF_ERROR(FromSystem(error, "list", source));
  return SyncDirectoryAndFiles(target);
}

// What has a name ending in .sst is never written again: it may share its bytes.
base::Status CopyTree(const std::string& from, const std::string& to) {
  BW_RETURN_IF_ERROR(MakeDirectory(to));
  std::error_code error;
  for (fs::directory_iterator it(from, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    const std::string source = it->path().string();
    if (it->is_directory(error)) {
      BW_RETURN_IF_ERROR(CopyTree(source, to + "/" + name));
    } else if (name == "LOCK") {
      continue;  // Of a process that looked at the copy.
    } else if (it->path().extension() == ".sst") {
      BW_RETURN_IF_ERROR(LinkOrCopy(source, to + "/" + name));
    } else {
      BW_RETURN_IF_ERROR(CopyFileDurably(source, to + "/" + name, UINT64_MAX));
    }
  }
  BW_RETURN_IF_ERROR(FromSystem(error, "list", from));
  return SyncDirectoryOnly(to);
}

}  // namespace

base::Status WriteBackup(RocksCore& core, const std::string& name, SnapshotContent content) {
  const std::string& path = core.options.path;
  const std::string parent = path + "/snapshots";
  const std::string temporary = parent + "/" + name + ".tmp";
  BW_ASSIGN_OR_RETURN(const std::uint64_t end, core.journal->Rotate());
  core.FollowJournal();
  BW_RETURN_IF_ERROR(MakeDirectory(temporary + "/journal"));
  BW_RETURN_IF_ERROR(CheckpointDatabase(core, temporary + "/db"));
  if (content == SnapshotContent::kEverything) {
    BW_RETURN_IF_ERROR(CopyJournal(core, end, temporary + "/journal"));
    BW_RETURN_IF_ERROR(LinkSnapshotsOfHead(path + "/head", temporary + "/head"));
  }
  BW_RETURN_IF_ERROR(CopyFileDurably(path + "/FORMAT", temporary + "/FORMAT", UINT64_MAX));
  BW_RETURN_IF_ERROR(SyncDirectoryOnly(temporary));
  std::error_code error;
  fs::rename(temporary, parent + "/" + name, error);
  BW_RETURN_IF_ERROR(FromSystem(error, "rename", temporary));
  BW_RETURN_IF_ERROR(SyncDirectoryOnly(parent));
  return SyncDirectoryOnly(path);
}

base::Status RestoreSnapshot(const std::string& snapshot, const std::string& target) {
  BW_ASSIGN_OR_RETURN(const int format, ReadDataFormat(snapshot));
  if (format == 0) return base::NotFound(fmt::format("{} is no snapshot: it has neither FORMAT nor db", snapshot));
  std::error_code error;
  if (fs::exists(target, error) && !fs::is_empty(target, error)) {
    return base::Conflict(fmt::format("{} is not empty: a snapshot is restored to a new folder", target));
  }
  BW_ASSIGN_OR_RETURN(const std::unique_ptr<DirectoryLock> lock, DirectoryLock::Acquire(target));
  return CopyTree(snapshot, target);
}

}  // namespace bellwether::storage
