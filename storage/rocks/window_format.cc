#include "storage/rocks/window_format.h"

#include <optional>

#include "base/bytes.h"
#include "storage/chunk/chunk.h"
#include "storage/chunk/float_columns.h"

namespace bellwether::storage {
namespace {

constexpr std::uint64_t kSignBit = 1ULL << 63;  // Flipped, so that negative windows sort before positive ones.
constexpr char kNameKind = 'n';
constexpr char kPostingsKind = 'p';
constexpr char kSeriesKind = 's';
constexpr char kTimeKind = 't';

// Forms of a chunk in a value.
constexpr char kDescribedChunk = 0;
constexpr char kPlainChunk = 1;

// Its own bytes say what a description would.
bool SpeaksForItself(const chunk::ChunkView& c) {
  const std::optional<chunk::ChunkView> view = chunk::ViewRegularColumns(c.bytes);
  return view && view->min == c.min && view->max == c.max && view->count == c.count;
}

std::string IndexPrefix(const WindowKey& key, char kind) {
  std::string prefix = WindowPrefix(key);
  prefix.push_back(kind);
  return prefix;
}

void AppendTime(base::TimestampMs t, std::string& out) { base::AppendVarint(out, base::ZigZag(t.ms)); }

bool ReadTime(std::string_view& in, base::TimestampMs& t) {
  std::uint64_t v = 0;
  if (!base::ReadVarint(in, v)) return false;
  t = base::TimestampMs(base::UnZigZag(v));
  return true;
}

}  // namespace

std::string WindowPrefix(const WindowKey& key) {
  std::string prefix;
  prefix.reserve(kWindowPrefixBytes + sizeof(std::uint32_t) + 1);
  base::AppendBigEndian64(prefix, static_cast<std::uint64_t>(key.window.number) ^ kSignBit);
  base::AppendBigEndian32(prefix, key.generation);
  return prefix;
}

std::string WindowPrefixEnd(const WindowKey& key) { return WindowPrefix(WindowKey{key.window, key.generation + 1}); }

bool ReadWindowPrefix(std::string_view key, WindowKey& window) {
  std::uint64_t number = 0;
  if (!base::ReadBigEndian64(key, number) || !base::ReadBigEndian32(key, window.generation)) return false;
  window.window.number = static_cast<std::int64_t>(number ^ kSignBit);
  return true;
}

std::string DataKey(const WindowKey& key, std::uint32_t ordinal) {
  std::string out = WindowPrefix(key);
  base::AppendBigEndian32(out, ordinal);
  return out;
}

std::uint32_t OrdinalOf(std::string_view data_or_series_key) {
  std::uint32_t ordinal = 0;
  std::string_view last = data_or_series_key.substr(data_or_series_key.size() - sizeof(ordinal));
  static_cast<void>(base::ReadBigEndian32(last, ordinal));
  return ordinal;
}

void AppendChunks(std::span<const chunk::ChunkView> chunks, std::string& out) {
  const std::size_t begin = out.size();
  for (const chunk::ChunkView& c : chunks) {
    if (SpeaksForItself(c)) {
      out.push_back(kPlainChunk);
      base::AppendLengthPrefixed(out, c.bytes);
      continue;
    }
    out.push_back(kDescribedChunk);
    AppendTime(c.min, out);
    base::AppendVarint(out, static_cast<std::uint64_t>(c.max.ms) - static_cast<std::uint64_t>(c.min.ms));
    base::AppendVarint(out, c.count);
    base::AppendLengthPrefixed(out, c.bytes);
  }
  chunk::AppendChecksum(out, begin);
}

bool ReadChunks(std::string_view bytes, std::vector<chunk::ChunkView>& chunks) {
  const std::optional<std::string_view> verified = chunk::VerifyChecksum(bytes);
  if (!verified) return false;
  for (std::string_view value = *verified; !value.empty();) {
    const char form = value[0];
    value.remove_prefix(1);
    chunk::ChunkView c;
    if (form == kPlainChunk) {
      if (!base::ReadLengthPrefixed(value, c.bytes)) return false;
      const std::optional<chunk::ChunkView> view = chunk::ViewRegularColumns(c.bytes);
      if (!view) return false;
      chunks.push_back(*view);
      continue;
    }
    std::uint64_t span = 0;
    std::uint64_t count = 0;
    if (form != kDescribedChunk || !ReadTime(value, c.min) || !base::ReadVarint(value, span) ||
        !base::ReadVarint(value, count) || count > ~std::uint32_t{0} || !base::ReadLengthPrefixed(value, c.bytes)) {
      return false;
    }
    c.max = base::TimestampMs(static_cast<std::int64_t>(static_cast<std::uint64_t>(c.min.ms) + span));
    c.count = static_cast<std::uint32_t>(count);
    chunks.push_back(c);
  }
  return true;
}

std::string NamePrefix(const WindowKey& key) { return IndexPrefix(key, kNameKind); }

std::string NameKey(const WindowKey& key, std::string_view name) { return NamePrefix(key).append(name); }

std::string PostingsKey(const WindowKey& key, std::string_view name, std::string_view value) {
  std::string out = IndexPrefix(key, kPostingsKind);
  base::AppendLengthPrefixed(out, name);
  out.append(value);
  return out;
}

std::string SeriesPrefix(const WindowKey& key) { return IndexPrefix(key, kSeriesKind); }

std::string SeriesKey(const WindowKey& key, std::uint32_t ordinal) {
  std::string out = SeriesPrefix(key);
  base::AppendBigEndian32(out, ordinal);
  return out;
}

std::string TimeKey(const WindowKey& key, head::WindowId part) {
  std::string out = IndexPrefix(key, kTimeKind);
  base::AppendBigEndian64(out, static_cast<std::uint64_t>(part.number) ^ kSignBit);
  return out;
}

void AppendPostings(std::span<const std::uint32_t> ordinals, std::string& out) {
  std::uint64_t end = 0;  // Of the run before.
  for (std::size_t i = 0; i < ordinals.size();) {
    std::size_t run = i + 1;
    while (run < ordinals.size() && ordinals[run] == ordinals[i] + (run - i)) ++run;
    base::AppendVarint(out, ordinals[i] - end);
    base::AppendVarint(out, run - i - 1);
    end = ordinals[i] + (run - i);
    i = run;
  }
}

bool ReadPostings(std::string_view bytes, std::uint64_t count, std::vector<std::uint32_t>& ordinals) {
  std::uint64_t end = 0;
  while (!bytes.empty()) {
    std::uint64_t gap = 0;
    std::uint64_t more = 0;
    if (!base::ReadVarint(bytes, gap) || !base::ReadVarint(bytes, more)) return false;
    if (gap >= count - end || more >= count - end - gap) return false;
    const std::uint64_t first = end + gap;
    end = first + more + 1;
    for (std::uint64_t ordinal = first; ordinal < end; ++ordinal) {
      ordinals.push_back(static_cast<std::uint32_t>(ordinal));
    }
  }
  return true;
}

std::string SealedThroughKey(head::WindowId window) {
  std::string key(kCatalogueSealed);
  base::AppendBigEndian64(key, static_cast<std::uint64_t>(window.number) ^ kSignBit);
  return key;
}

bool DecodeSealedThrough(std::string_view key, std::string_view value, head::WindowId& window, std::uint64_t& segment) {
  if (!key.starts_with(kCatalogueSealed)) return false;
  key.remove_prefix(kCatalogueSealed.size());
  std::uint64_t number = 0;
  if (!base::ReadBigEndian64(key, number) || !key.empty()) return false;
  window.number = static_cast<std::int64_t>(number ^ kSignBit);
  return base::ReadVarint(value, segment) && value.empty();
}

std::string CatalogueKey(const WindowKey& key) { return std::string(kCatalogueWindows) + WindowPrefix(key); }

std::string TombstonesKey(const WindowKey& key) { return std::string(kCatalogueTombstones) + WindowPrefix(key); }

std::string EncodeWindowEntry(const WindowEntry& entry) {
  std::string out;
  AppendTime(entry.min, out);
  AppendTime(entry.max, out);
  const auto span = static_cast<std::uint64_t>(entry.span);
  for (const std::uint64_t n : {entry.series, entry.chunks, entry.samples, entry.bytes, span}) {
    base::AppendVarint(out, n);
  }
  return out;
}

bool DecodeWindowEntry(std::string_view key, std::string_view value, WindowEntry& entry) {
  if (!key.starts_with(kCatalogueWindows)) return false;
  key.remove_prefix(kCatalogueWindows.size());
  if (key.size() != kWindowPrefixBytes || !ReadWindowPrefix(key, entry.key)) return false;
  if (!ReadTime(value, entry.min) || !ReadTime(value, entry.max)) return false;
  std::uint64_t span = 0;
  for (std::uint64_t* n : {&entry.series, &entry.chunks, &entry.samples, &entry.bytes, &span}) {
    if (!base::ReadVarint(value, *n)) return false;
  }
  if (span == 0 || span > static_cast<std::uint64_t>(kSpanMax)) return false;
  entry.span = static_cast<std::int64_t>(span);
  return value.empty();
}

}  // namespace bellwether::storage
