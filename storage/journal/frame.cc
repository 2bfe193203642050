#include "storage/journal/frame.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

#include "base/bytes.h"

namespace bellwether::storage {
namespace {

constexpr std::string_view kSegmentMagic = "BWJRNL01";
constexpr std::size_t kChecksumAt = 8;  // In the record header.

std::uint64_t SegmentHeaderChecksum(std::string_view header) {
  return XXH3_64bits(header.data(), kSegmentHeaderBytes - sizeof(std::uint64_t));
}

// From length and type (the first half of the header), the payload's hash and the place.
std::uint64_t PlacedChecksum(const char* header, std::uint64_t payload_hash, std::uint64_t segment,
                             std::uint64_t offset) {
  const std::uint64_t words[4] = {base::LoadFixed64(header), payload_hash, segment, offset};
  return XXH3_64bits(words, sizeof(words));
}

constexpr std::uint64_t AlignUp(std::uint64_t n) { return (n + kRecordAlignment - 1) & ~(kRecordAlignment - 1); }

}  // namespace

void AppendSegmentHeader(const SegmentHeader& header, std::string& out) {
  const std::size_t begin = out.size();
  out.append(kSegmentMagic);
  base::AppendFixed64(out, header.number);
  base::AppendFixed64(out, header.previous);
  base::AppendFixed64(out, SegmentHeaderChecksum(std::string_view(out).substr(begin)));
}

bool ReadSegmentHeader(std::string_view segment, SegmentHeader& header) {
  if (segment.size() < kSegmentHeaderBytes || !segment.starts_with(kSegmentMagic)) return false;
  header.number = base::LoadFixed64(segment.data() + 8);
  header.previous = base::LoadFixed64(segment.data() + 16);
  return base::LoadFixed64(segment.data() + 24) == SegmentHeaderChecksum(segment);
}

std::uint64_t HashPayload(std::string_view payload) { return XXH3_64bits(payload.data(), payload.size()); }

void AppendUnsealedRecord(RecordType type, std::uint64_t payload_hash, std::string_view payload, std::string& out) {
  base::AppendFixed32(out, static_cast<std::uint32_t>(payload.size()));
  base::AppendFixed32(out, static_cast<std::uint32_t>(type));
  base::AppendFixed64(out, payload_hash);
  out.append(payload);
  out.append(AlignUp(payload.size()) - payload.size(), '\0');
}

void SealRecord(char* record, std::uint64_t segment, std::uint64_t offset) {
  const std::uint64_t payload_hash = base::LoadFixed64(record + kChecksumAt);
  const std::uint64_t checksum = PlacedChecksum(record, payload_hash, segment, offset);
  std::memcpy(record + kChecksumAt, &checksum, sizeof(checksum));
}

std::size_t RecordBytes(std::size_t payload_bytes) { return kRecordHeaderBytes + AlignUp(payload_bytes); }

std::size_t RecordBytesAt(const char* record) { return RecordBytes(base::LoadFixed32(record)); }

bool SegmentReader::ReadAt(std::uint64_t offset, Record& record) const {
  if (offset + kRecordHeaderBytes > segment_.size()) return false;
  const char* header = segment_.data() + offset;
  const std::uint32_t length = base::LoadFixed32(header);
  const std::uint32_t type = base::LoadFixed32(header + 4);  // The three zero bytes included.
  if (type == 0 || type > kRecordTypes || length > segment_.size() - offset - kRecordHeaderBytes) return false;
  const std::string_view payload = segment_.substr(offset + kRecordHeaderBytes, length);
  if (base::LoadFixed64(header + kChecksumAt) != PlacedChecksum(header, HashPayload(payload), number_, offset)) {
    return false;
  }
  record = {static_cast<RecordType>(type), offset, payload};
  return true;
}

bool SegmentReader::OnlyZerosFrom(std::uint64_t offset) const {
  return offset >= segment_.size() || segment_.find_first_not_of('\0', offset) == std::string_view::npos;
}

SegmentReader::Found SegmentReader::Next(Record& record) {
  if (ReadAt(offset_, record)) {
    offset_ = record.offset + RecordBytes(record.payload.size());
    return Found::kRecord;
  }
  record.offset = offset_;
  if (OnlyZerosFrom(offset_)) return Found::kEnd;
  Record following;
  for (std::uint64_t at = offset_ + kRecordAlignment; at < segment_.size(); at += kRecordAlignment) {
    if (ReadAt(at, following)) {
      offset_ = at;
      return Found::kDamaged;
    }
  }
  return Found::kTornTail;
}

}  // namespace bellwether::storage
