// Reading the journal at start.
#include <fmt/format.h>

#include "storage/journal/journal.h"
#include "storage/journal/segment_name.h"

namespace bellwether::storage {
namespace {

class JournalReplay {
 public:
  JournalReplay(const std::string& path, FileSystem& files, const RecordVisitor& visit)
      : path_(path), files_(files), visit_(visit) {}

  base::Result<ReplayReport> Run(ReplayRange range) {
    BW_ASSIGN_OR_RETURN(const std::vector<std::uint64_t> numbers, NumbersFrom(range.keep));
    for (const std::uint64_t number : numbers) {
      if (number < range.read) {
        BW_ASSIGN_OR_RETURN(const std::uint64_t bytes, files_.Size(PathOf(number)));
        report_.segments.push_back({.number = number, .bytes = bytes});
        continue;
      }
      BW_RETURN_IF_ERROR(ReadSegment(number, number == numbers.back()));
    }
    return std::move(report_);
  }

 private:
  [[nodiscard]] std::string PathOf(std::uint64_t number) const { return path_ + "/" + SegmentName(number); }

  base::Result<std::vector<std::uint64_t>> NumbersFrom(std::uint64_t from) {
    BW_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(path_));
    std::vector<std::uint64_t> numbers;
    for (const std::string& name : names) {
      const auto number = ParseSegmentName(name);
      if (!number) continue;
      if (*number < from) {
        BW_RETURN_IF_ERROR(files_.Remove(PathOf(*number)));
      } else {
        numbers.push_back(*number);
      }
    }
    return numbers;
  }

  base::Status ReadSegment(std::uint64_t number, bool is_last) {
    const std::string file = PathOf(number);
    BW_ASSIGN_OR_RETURN(const std::string bytes, files_.ReadWritten(file));
    SegmentInfo info{.number = number};
    SegmentHeader header;
    if (!ReadSegmentHeader(bytes, header) || header.number != number) {
      // A crash while a segment was begun leaves a file without header, and nothing was ever written behind it.
      if (!HasRecords(bytes, number)) {
        report_.segments.push_back(info);
        return base::OkStatus();
      }
      report_.damage.push_back(fmt::format("{}: the header at offset 0 is damaged", file));
    } else if (!report_.segments.empty() && header.previous > report_.segments.back().number) {
      report_.damage.push_back(fmt::format("{}: segment {} before it is missing", file, header.previous));
    }
    const bool torn = ReadRecords(file, bytes, info);
    if (torn && is_last) {
      report_.torn_bytes = bytes.size() - info.bytes;
      BW_RETURN_IF_ERROR(CutTail(file, info.bytes));
    } else if (torn) {
      report_.damage.push_back(fmt::format("{}: no record can be read from offset {} on", file, info.bytes));
    }
    report_.segments.push_back(info);
    return base::OkStatus();
  }

  static bool HasRecords(std::string_view bytes, std::uint64_t number) {
    SegmentReader reader(bytes, number);
    Record record;
    const SegmentReader::Found found = reader.Next(record);
    return found == SegmentReader::Found::kRecord || found == SegmentReader::Found::kDamaged;
  }

  // True if the segment ends in bytes that are no record; info.bytes is where they begin.
  bool ReadRecords(const std::string& file, std::string_view bytes, SegmentInfo& info) {
    SegmentReader reader(bytes, info.number);
    Record record;
    while (true) {
      switch (reader.Next(record)) {
        case SegmentReader::Found::kRecord: Visit(file, record, info); break;
        case SegmentReader::Found::kDamaged:
          report_.damage.push_back(fmt::format("{}: the record at offset {} is damaged; reading goes on at {}", file,
                                               record.offset, reader.offset()));
          break;
        case SegmentReader::Found::kEnd: info.bytes = record.offset; return false;
        case SegmentReader::Found::kTornTail: info.bytes = record.offset; return true;
      }
    }
  }

  void Visit(const std::string& file, const Record& record, SegmentInfo& info) {
    ++report_.records;
    const base::Result<base::TimestampMs> newest =
        visit_(record.type, record.payload, {.file = file, .segment = info.number, .offset = record.offset});
    if (newest.ok()) {
      info.newest = std::max(info.newest, *newest);
    } else {
      info.newest = base::TimestampMs::Max();  // Unknown, so the segment is kept as long as any.
      report_.damage.push_back(
          fmt::format("{}: the record at offset {}: {}", file, record.offset, newest.status().message()));
    }
  }

  base::Status CutTail(const std::string& file, std::uint64_t size) {
    BW_ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> open, files_.OpenExisting(file));
    BW_RETURN_IF_ERROR(open->Truncate(size));
    return open->Sync();
  }

  const std::string& path_;
  FileSystem& files_;
  const RecordVisitor& visit_;
  ReplayReport report_;
};

}  // namespace

base::Result<ReplayReport> ReplayJournal(const std::string& path, FileSystem& files, ReplayRange range,
                                         const RecordVisitor& visit) {
  BW_RETURN_IF_ERROR(files.MakeDirectories(path));
  return JournalReplay(path, files, visit).Run(range);
}

}  // namespace bellwether::storage
