#include "storage/rocks/window_writer.h"

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/metadata.h>
#include <rocksdb/sst_file_writer.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace bellwether::storage {
namespace {

constexpr std::uint64_t kSstBytesMax = 128u << 20;

rocksdb::Slice ToWindowSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

rocksdb::IngestExternalFileArg IngestArg(rocksdb::ColumnFamilyHandle* family, std::vector<std::string> files) {
  rocksdb::IngestExternalFileArg arg;
  arg.column_family = family;
  arg.external_files = std::move(files);
  arg.options.move_files = true;
  // The key range is new by construction. If it were not, failing is better than two versions of a key.
  arg.options.allow_global_seqno = false;
  arg.options.write_global_seqno = false;
  arg.options.allow_blocking_flush = false;
  arg.options.fail_if_not_bottommost_level = true;
  return arg;
}

}  // namespace

// A run of sorted files of one column family.
class WindowWriter::File {
 public:
  File(Database& database, rocksdb::ColumnFamilyHandle* family, std::string path)
      : database_(database), family_(family), path_(std::move(path)) {}

  base::Status Put(std::string_view key, std::string_view value) {
    if (writer_ != nullptr && writer_->FileSize() >= kSstBytesMax) BW_RETURN_IF_ERROR(Finish());
    if (writer_ == nullptr) {
      paths_.push_back(path_ + "." + std::to_string(paths_.size()) + ".sst");
      const rocksdb::Options options = database_.db().GetOptions(family_);  // With the rate limit of background work.
      writer_ = std::make_unique<rocksdb::SstFileWriter>(rocksdb::EnvOptions(options), options, family_, true,
                                                         rocksdb::Env::IO_LOW);
      BW_RETURN_IF_ERROR(FromRocks(writer_->Open(paths_.back()), "create " + paths_.back()));
    }
    const rocksdb::Status put = writer_->Put(ToWindowSlice(key), ToWindowSlice(value));
    return put.ok() ? base::OkStatus() : FromRocks(put, "write " + paths_.back());
  }

  base::Status Finish() {
    if (writer_ == nullptr) return base::OkStatus();
    rocksdb::ExternalSstFileInfo info;
    const rocksdb::Status finished = writer_->Finish(&info);
    writer_.reset();
    bytes_ += info.file_size;
    return FromRocks(finished, "finish " + paths_.back());
  }

  [[nodiscard]] const std::vector<std::string>& paths() const { return paths_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_ + (writer_ == nullptr ? 0 : writer_->FileSize()); }

 private:
  Database& database_;
  rocksdb::ColumnFamilyHandle* family_;
  std::string path_;
  std::unique_ptr<rocksdb::SstFileWriter> writer_;
  std::vector<std::string> paths_;
  std::uint64_t bytes_ = 0;
};

WindowWriter::WindowWriter(Database& database, std::string directory, const Target& target)
    : database_(database), directory_(std::move(directory)), window_length_(target.window_length) {
  entry_.key = target.key;
  entry_.span = target.span;
  if (entry_.span > 1) alive_.resize(static_cast<std::size_t>(entry_.span));
  entry_.min = base::TimestampMs::Max();
  entry_.max = base::TimestampMs::Min();
  data_ = std::make_unique<File>(database_, database_.data(), directory_ + "/data");
  series_ = std::make_unique<File>(database_, database_.index(), directory_ + "/series");
  postings_ = std::make_unique<File>(database_, database_.index(), directory_ + "/postings");
}

WindowWriter::~WindowWriter() {
  std::error_code ignored;  // The next writer clears the directory again.
  std::filesystem::remove_all(directory_, ignored);
}

base::Result<std::unique_ptr<WindowWriter>> WindowWriter::Begin(Database& database, std::string directory,
                                                                const Target& target) {
  std::error_code error;
  std::filesystem::remove_all(directory, error);
  if (!error) std::filesystem::create_directories(directory, error);
  if (error) {
    const std::string message = "make directory " + directory + ": " + error.message();
    return error == std::errc::no_space_on_device ? base::Unavailable(message) : base::Internal(message);
  }
  BW_RETURN_IF_ERROR(DropGeneration(database, target.key));
  return std::unique_ptr<WindowWriter>(new WindowWriter(database, std::move(directory), target));
}

// A chunk that reaches over several windows counts for all of them.
void WindowWriter::NoteAlive(std::uint32_t ordinal, std::span<const chunk::ChunkView> chunks) {
  for (const chunk::ChunkView& c : chunks) {
    const head::WindowId last = head::WindowOf(c.max, window_length_);
    for (head::WindowId part = head::WindowOf(c.min, window_length_); part <= last; ++part.number) {
      std::vector<std::uint32_t>& list = alive_[static_cast<std::size_t>(part.number - entry_.key.window.number)];
      if (list.empty() || list.back() != ordinal) list.push_back(ordinal);
    }
  }
}

std::uint64_t WindowWriter::bytes() const { return data_->bytes() + series_->bytes() + postings_->bytes(); }

base::Status WindowWriter::Add(const metric::Labels& labels, std::span<const chunk::ChunkView> chunks) {
  const auto ordinal = static_cast<std::uint32_t>(entry_.series++);
  value_.clear();
  AppendChunks(chunks, value_);
  for (const chunk::ChunkView& c : chunks) {
    entry_.min = std::min(entry_.min, c.min);
    entry_.max = std::max(entry_.max, c.max);
    entry_.samples += c.count;
  }
  entry_.chunks += chunks.size();
  if (entry_.span > 1) NoteAlive(ordinal, chunks);
  BW_RETURN_IF_ERROR(data_->Put(DataKey(entry_.key, ordinal), value_));
  BW_RETURN_IF_ERROR(series_->Put(SeriesKey(entry_.key, ordinal), labels.bytes()));
  for (const metric::LabelView& label : labels) {
    auto name = lists_.find(label.name);
    if (name == lists_.end()) name = lists_.try_emplace(std::string(label.name)).first;
    auto value = name->second.find(label.value);
    if (value == name->second.end()) value = name->second.try_emplace(std::string(label.value)).first;
    value->second.push_back(ordinal);
  }
  return base::OkStatus();
}

// Names first, then postings: ascending keys. Postings are in order of the key, which begins with the name's length.
base::Status WindowWriter::WriteIndex() {
  for (const auto& [name, values] : lists_) BW_RETURN_IF_ERROR(postings_->Put(NameKey(entry_.key, name), {}));
  std::vector<std::pair<std::string, const std::vector<std::uint32_t>*>> keys;
  for (const auto& [name, values] : lists_) {
    for (const auto& [value, ordinals] : values) keys.emplace_back(PostingsKey(entry_.key, name, value), &ordinals);
  }
  std::sort(keys.begin(), keys.end());
  for (const auto& [key, ordinals] : keys) {
    value_.clear();
    AppendPostings(*ordinals, value_);
    BW_RETURN_IF_ERROR(postings_->Put(key, value_));
  }
  return base::OkStatus();
}

base::Status WindowWriter::WriteAlive() {
  for (std::size_t part = 0; part < alive_.size(); ++part) {
    if (alive_[part].size() == entry_.series) continue;
    const head::WindowId window{entry_.key.window.number + static_cast<std::int64_t>(part)};
    value_.clear();
    AppendPostings(alive_[part], value_);
    BW_RETURN_IF_ERROR(series_->Put(TimeKey(entry_.key, window), value_));
  }
  return base::OkStatus();
}

base::Status WindowWriter::Finish() {
  BW_RETURN_IF_ERROR(WriteIndex());
  BW_RETURN_IF_ERROR(WriteAlive());
  for (File* file : {data_.get(), series_.get(), postings_.get()}) BW_RETURN_IF_ERROR(file->Finish());
  return base::OkStatus();
}

base::Result<WindowEntry> WindowWriter::Ingest() {
  std::vector<std::string> index = postings_->paths();
  index.insert(index.end(), series_->paths().begin(), series_->paths().end());
  const rocksdb::Status ingested = database_.db().IngestExternalFiles(
      {IngestArg(database_.data(), data_->paths()), IngestArg(database_.index(), std::move(index))});
  if (!ingested.ok()) return FromRocks(ingested, "take a sealed window into the database");
  entry_.bytes = bytes();
  return entry_;
}

base::Status DropGeneration(Database& database, const WindowKey& key) {
  const std::string begin = WindowPrefix(key);
  const std::string end = WindowPrefixEnd(key);
  const rocksdb::Slice from = ToWindowSlice(begin);
  const rocksdb::Slice to = ToWindowSlice(end);
  for (rocksdb::ColumnFamilyHandle* family : {database.data(), database.index()}) {
    const rocksdb::Status dropped = rocksdb::DeleteFilesInRange(&database.db(), family, &from, &to, false);
    if (!dropped.ok()) return FromRocks(dropped, "drop a window");
  }
  return base::OkStatus();
}

std::vector<WindowKey> GenerationsOnDisk(Database& database) {
  std::vector<rocksdb::LiveFileMetaData> files;
  database.db().GetLiveFilesMetaData(&files);
  std::set<WindowKey> found;
  for (const rocksdb::LiveFileMetaData& file : files) {
    WindowKey key;
    const bool is_window = file.column_family_name == "data" || file.column_family_name == "index";
    if (is_window && ReadWindowPrefix(file.smallestkey, key)) found.insert(key);
  }
  return {found.begin(), found.end()};
}

}  // namespace bellwether::storage
