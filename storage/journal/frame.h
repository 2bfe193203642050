// storage/journal/frame.h
//
// How records stand in a segment file: a header, then records one behind another at multiples of eight bytes. Grammar
// and a worked example: docs/formats/journal.md.
//
//   segment := magic[8] number:u64 previous:u64 checksum:u64 record*
//   record  := length:u32 type:u8 zero[3] checksum:u64 payload[length] zero-padding to 8
//
// A record's checksum (XXH3-64) covers length, type, payload and the place where it stands (segment number and offset),
// so bytes left over from an earlier use of the space, or copied elsewhere, are not taken for a record.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bellwether::storage {

// What a record is. Frozen: these values are on disks.
enum class RecordType : std::uint8_t {
  kCommit = 1,    // What one commit brought: record_codec.h.
  kDeletion = 2,  // What was deleted of all before it: deletion_codec.h.
};
inline constexpr std::uint8_t kRecordTypes = 2;

inline constexpr std::size_t kSegmentHeaderBytes = 32;
inline constexpr std::size_t kRecordHeaderBytes = 16;
inline constexpr std::size_t kRecordAlignment = 8;

struct SegmentHeader {
  std::uint64_t number = 0;
  std::uint64_t previous = 0;  // Number of the segment before it; 0: none.
};
void AppendSegmentHeader(const SegmentHeader& header, std::string& out);
[[nodiscard]] bool ReadSegmentHeader(std::string_view segment, SegmentHeader& header);

// The part of a record's checksum that needs no place. It is the costly one, taken outside locks.
[[nodiscard]] std::uint64_t HashPayload(std::string_view payload);

// Appends header and payload without a place yet; SealRecord gives the record at `record` its place.
void AppendUnsealedRecord(RecordType type, std::uint64_t payload_hash, std::string_view payload, std::string& out);
void SealRecord(char* record, std::uint64_t segment, std::uint64_t offset);
// Header, payload and padding.
[[nodiscard]] std::size_t RecordBytes(std::size_t payload_bytes);
[[nodiscard]] std::size_t RecordBytesAt(const char* record);

struct Record {
  RecordType type = RecordType::kCommit;
  std::uint64_t offset = 0;
  std::string_view payload;
};

// Walks the records of one segment held in memory.
class SegmentReader {
 public:
  enum class Found {
    kRecord,
    kEnd,       // Nothing but zeros, or nothing at all, follows.
    kDamaged,   // Bytes that are no record; the next call goes on behind them, at the next record that is whole.
    kTornTail,  // Bytes that are no record, and no record follows.
  };

  SegmentReader(std::string_view segment, std::uint64_t number)
      : segment_(segment), number_(number), offset_(kSegmentHeaderBytes) {}

  // On kRecord fills `record`; on kDamaged and kTornTail only its offset: where the bad bytes begin.
  [[nodiscard]] Found Next(Record& record);
  // Where the next record would begin.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }

 private:
  [[nodiscard]] bool ReadAt(std::uint64_t offset, Record& record) const;
  [[nodiscard]] bool OnlyZerosFrom(std::uint64_t offset) const;

  std::string_view segment_;
  std::uint64_t number_;
  std::uint64_t offset_;
};

}  // namespace bellwether::storage
