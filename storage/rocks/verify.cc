#include "storage/rocks/verify.h"

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/metadata.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "storage/journal/deletion_codec.h"
#include "storage/journal/journal.h"
#include "storage/journal/record_codec.h"
#include "storage/journal/segment_name.h"
#include "storage/rocks/data_format.h"
#include "storage/rocks/directory_lock.h"
#include "storage/rocks/rocks_newest_archive.h"
#include "storage/rocks/rocks_state_store.h"
#include "storage/rocks/snapshot_file.h"
#include "storage/rocks/tombstones.h"
#include "storage/rocks/verify_window.h"
#include "storage/rocks/window_writer.h"

namespace bellwether::storage {
namespace {

// Shows segments of a range, and lets nobody change them: reading the journal cuts torn tails and removes what is no
// longer needed, which a check may not.
class LookingFiles final : public FileSystem {
 public:
  LookingFiles(FileSystem& files, const JournalRange& range) : files_(files), range_(range) {}

  base::Status MakeDirectories(const std::string&) override { return {}; }
  base::Result<std::unique_ptr<WritableFile>> Create(const std::string& path, std::uint64_t) override {
    return base::Internal("create " + path + ": a check changes nothing");
  }
  base::Result<std::unique_ptr<WritableFile>> OpenExisting(const std::string&) override {
    return std::unique_ptr<WritableFile>(std::make_unique<Untouched>());
  }
  // What is gone by now is needed no more: a segment without records is none.
  base::Result<std::string> Read(const std::string& path) override {
    base::Result<std::string> read = files_.Read(path);
    return read.status().code() == base::StatusCode::kNotFound ? std::string() : std::move(read);
  }
  base::Result<std::uint64_t> Size(const std::string& path) override { return files_.Size(path); }
  base::Result<std::vector<std::string>> List(const std::string& directory) override {
    auto names = files_.List(directory);
    if (!names.ok()) return names;
    std::erase_if(*names, [&](const std::string& name) {
      const auto number = ParseSegmentName(name);
      return !number || *number < range_.from || *number >= range_.end;
    });
    return names;
  }
  base::Status Rename(const std::string&, const std::string&) override { return {}; }
  base::Status Remove(const std::string&) override { return {}; }
  base::Status SyncDirectory(const std::string&) override { return {}; }

 private:
  struct Untouched final : WritableFile {
    base::Status WriteAt(std::uint64_t, std::string_view) override { return {}; }
    base::Status Truncate(std::uint64_t) override { return {}; }
    base::Status Sync() override { return {}; }
  };

  FileSystem& files_;
  const JournalRange range_;
};

// Every block is as it was written, which is all that a start asks of it.
base::Status CheckHeadSnapshot(const std::string& bytes, std::uint64_t mark, SavedRefs& saved) {
  BW_ASSIGN_OR_RETURN(const SnapshotFile file, ReadSnapshotFile(bytes));
  if (file.header.mark != mark) return base::Corruption(fmt::format("it is the one with mark {}", file.header.mark));
  std::vector<SeriesRef> refs;
  if (!ReadSnapshotRefs(file, refs)) return base::Corruption("its samples are malformed");
  saved[file.header.since].insert(refs.begin(), refs.end());
  DecodedCommit metadata;
  return DecodeCommit(file.metadata, metadata);
}

// Every record is whole, and names no series that is not defined before it or in a snapshot.
class RecordVerifier {
 public:
  RecordVerifier(const SavedRefs* saved, VerifyReport& report) : saved_(saved), report_(report) {}

  base::Result<base::TimestampMs> Check(RecordType type, std::string_view payload, const RecordPlace& place) {
    ++report_.journal_records;
    if (type == RecordType::kDeletion) {
      BW_RETURN_IF_ERROR(DecodeDeletion(payload).status());
      return base::TimestampMs::Min();
    }
    BW_RETURN_IF_ERROR(DecodeCommit(payload, commit_));
    const std::uint64_t since = commit_.since == 0 ? place.segment : commit_.since;
    if (std::exchange(since_, since) != since) BeginWith(since);
    for (const DecodedCommit::Series& series : commit_.series) defined_.insert(series.ref);
    const bool is_known = saved_ != nullptr || since == place.segment;
    const auto is_undefined = [&](const auto& sample) { return is_known && !defined_.contains(sample.ref); };
    const auto lost = std::count_if(commit_.floats.begin(), commit_.floats.end(), is_undefined) +
                      std::count_if(commit_.histograms.begin(), commit_.histograms.end(), is_undefined);
    report_.journal_samples += commit_.floats.size() + commit_.histograms.size();
    if (lost > 0) return base::Corruption(fmt::format("{} samples are of series that are not defined", lost));
    return base::TimestampMs::Min();
  }

 private:
  void BeginWith(std::uint64_t since) {
    defined_.clear();
    if (saved_ == nullptr) return;
    if (const auto found = saved_->find(since); found != saved_->end()) defined_ = found->second;
  }

  const SavedRefs* const saved_;
  VerifyReport& report_;
  std::uint64_t since_ = 0;
  std::unordered_set<SeriesRef> defined_;
  DecodedCommit commit_;
};

class CatalogueVerifier {
 public:
  CatalogueVerifier(Database& database, VerifyReport& report) : database_(database), report_(report) {}

  CheckedCatalogue Run() {
    CheckEntries();
    const std::vector<WindowKey> on_disk = GenerationsOnDisk(database_);
    const std::set<WindowKey> files(on_disk.begin(), on_disk.end());
    const std::vector<WindowEntry>& entries = found_.windows;
    for (const WindowEntry& entry : entries) {
      if (!files.contains(entry.key)) Tell(PlaceOf(entry.key), "the catalogue names it, and it has no files");
    }
    for (const WindowKey& key : files) {
      const bool is_named = std::any_of(entries.begin(), entries.end(), [&](const auto& e) { return e.key == key; });
      if (!is_named)
        report_.notes.push_back(PlaceOf(key) + ": files that the catalogue does not name; a start drops them");
    }
    return std::move(found_);
  }

 private:
  static std::string PlaceOf(const WindowKey& key) {
    return fmt::format("window {} generation {}", key.window.number, key.generation);
  }
  void Tell(std::string place, std::string what) { report_.damage.push_back({std::move(place), std::move(what)}); }

  void CheckEntries() {
    rocksdb::ReadOptions options;
    options.verify_checksums = true;
    const std::unique_ptr<rocksdb::Iterator> it(database_.db().NewIterator(options, database_.meta()));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      if (!CheckMeta(it->key().ToStringView(), it->value().ToStringView())) {
        Tell("catalogue", fmt::format("the entry {} is malformed", it->key().ToString(true)));
      }
    }
    if (!it->status().ok()) Tell("catalogue", it->status().ToString());
    for (const WindowKey& key : hidden_) {
      const bool is_named =
          std::any_of(found_.windows.begin(), found_.windows.end(), [&](const auto& e) { return e.key == key; });
      if (!is_named) Tell("catalogue", fmt::format("there are tombstones of {}, which is not named", PlaceOf(key)));
    }
  }

  bool CheckMeta(std::string_view key, std::string_view value) {
    if (key.starts_with(kCatalogueWindows)) {
      return DecodeWindowEntry(key, value, found_.windows.emplace_back()) || DropLast();
    }
    if (key.starts_with(kCatalogueTombstones)) {
      key.remove_prefix(kCatalogueTombstones.size());
      return key.size() == kWindowPrefixBytes && ReadWindowPrefix(key, hidden_.emplace_back()) &&
             Tombstones::Decode(value).has_value();
    }
    if (key == kCatalogueMetadata) {
      DecodedCommit commit;
      return DecodeCommit(value, commit).ok();
    }
    std::uint64_t number = 0;
    if (!base::ReadVarint(value, number) || !value.empty() || number == 0) return false;
    if (key == kCatalogueMark) found_.mark = number;
    if (key == kCatalogueLength) found_.window_length = base::DurationMs(static_cast<std::int64_t>(number));
    return true;
  }

  bool DropLast() {
    found_.windows.pop_back();
    return false;
  }

  Database& database_;
  VerifyReport& report_;
  CheckedCatalogue found_;
  std::vector<WindowKey> hidden_;
};

// A database that is in use drops files of its own accord.
bool IsLive(Database& database, const std::string& name) {
  std::vector<rocksdb::LiveFileMetaData> files;
  database.db().GetLiveFilesMetaData(&files);
  return std::any_of(files.begin(), files.end(), [&](const auto& file) { return file.name == name; });
}

void VerifyFiles(Database& database, VerifyReport& report) {
  std::vector<rocksdb::LiveFileMetaData> files;
  database.db().GetLiveFilesMetaData(&files);
  for (const rocksdb::LiveFileMetaData& file : files) {
    const std::string path = file.db_path + file.name;
    ++report.files;
    rocksdb::SstFileReader reader{rocksdb::Options()};
    rocksdb::Status status = reader.Open(path);
    if (status.ok()) status = reader.VerifyChecksum();
    if (!status.ok() && IsLive(database, file.name)) report.damage.push_back({path, status.ToString()});
  }
}

void VerifyStates(Database& database, VerifyReport& report) {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(database.db().NewIterator(options, database.state()));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    ++report.state_entries;
    StateValue value;
    if (!DecodeStateValue(it->value().ToStringView(), value)) {
      report.damage.push_back({"state entry " + it->key().ToString(), "its value is malformed"});
    }
  }
  if (!it->status().ok()) report.damage.push_back({"states", it->status().ToString()});
}

void VerifyNewest(Database& database, VerifyReport& report) {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(database.db().NewIterator(options, database.newest()));
  head::SavedSeries saved;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    if (it->key().size() != kNewestKeyBytes || !DecodeNewest(it->value().ToStringView(), saved)) {
      report.damage.push_back({"newest sample " + it->key().ToString(true), "the entry is malformed"});
    }
  }
  if (!it->status().ok()) report.damage.push_back({"newest samples", it->status().ToString()});
}

}  // namespace

base::Status VerifyJournal(const std::string& path, FileSystem& files, const JournalRange& range,
                           const SavedRefs* saved, VerifyReport& report) {
  LookingFiles looking(files, range);
  RecordVerifier records(saved, report);
  BW_ASSIGN_OR_RETURN(ReplayReport found,
                      ReplayJournal(path, looking, {.keep = range.from, .read = range.from},
                                    [&](RecordType type, std::string_view payload, const RecordPlace& place) {
                                      return records.Check(type, payload, place);
                                    }));
  report.journal_segments += found.segments.size();
  for (std::string& what : found.damage) report.damage.push_back({"journal", std::move(what)});
  if (found.torn_bytes > 0) {
    report.notes.push_back(
        fmt::format("journal: {} bytes at the end are a torn write, never acknowledged; a start cuts "
                    "them off",
                    found.torn_bytes));
  }
  return base::OkStatus();
}

base::Status VerifyHeadSnapshots(const std::string& path, FileSystem& files, SavedRefs& saved, VerifyReport& report) {
  BW_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(path));
  for (const std::string& name : names) {
    const std::uint64_t mark = ParseSnapshotName(name);
    if (mark == 0) continue;
    const base::Result<std::string> bytes = files.Read(path + "/" + name);
    if (bytes.status().code() == base::StatusCode::kNotFound) continue;
    const base::Status checked = bytes.ok() ? CheckHeadSnapshot(*bytes, mark, saved) : bytes.status();
    if (!checked.ok()) report.damage.push_back({path + "/" + name, checked.message()});
  }
  return base::OkStatus();
}

CheckedCatalogue VerifyCatalogue(Database& database, VerifyReport& report) {
  return CatalogueVerifier(database, report).Run();
}

void VerifyTables(Database& database, VerifyReport& report) {
  VerifyFiles(database, report);
  VerifyStates(database, report);
  VerifyNewest(database, report);
}

base::Result<VerifyReport> VerifyStoreAt(const std::string& path, base::Clock& clock) {
  BW_ASSIGN_OR_RETURN(const int format, ReadDataFormat(path));
  if (format == 0) return base::NotFound(fmt::format("{} holds no store", path));
  if (format != kDataFormat) {
    return base::InvalidArgument(fmt::format(
        "the data in {} have format {}, this version of bellwether reads format {}", path, format, kDataFormat));
  }
  BW_ASSIGN_OR_RETURN(const std::unique_ptr<DirectoryLock> lock, DirectoryLock::Acquire(path));
  VerifyReport report;
  JournalRange range;
  auto database = Database::Open({.path = path + "/db", .access = Database::Access::kLook}, clock);
  if (database.ok()) {
    const CheckedCatalogue catalogue = VerifyCatalogue(**database, report);
    range.from = catalogue.mark;
    VerifyTables(**database, report);
    for (const WindowEntry& entry : catalogue.windows) {
      VerifyWindow(**database, entry, catalogue.window_length, report);
    }
  } else {
    report.damage.push_back({path + "/db", database.status().message()});
  }
  std::error_code error;
  PosixFileSystem files;
  SavedRefs saved;
  if (std::filesystem::exists(path + "/head", error)) {
    BW_RETURN_IF_ERROR(VerifyHeadSnapshots(path + "/head", files, saved, report));
  }
  if (std::filesystem::exists(path + "/journal", error)) {
    BW_RETURN_IF_ERROR(VerifyJournal(path + "/journal", files, range, &saved, report));
  }
  return report;
}

}  // namespace bellwether::storage
