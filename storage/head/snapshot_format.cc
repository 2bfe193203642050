#include "storage/head/snapshot_format.h"

#include "base/bytes.h"
#include "storage/chunk/columns.h"

namespace bellwether::storage::head {
namespace {

using base::AppendVarint;
using base::ReadVarint;
using base::TimestampMs;
using base::UnZigZag;
using base::ZigZag;

constexpr std::uint64_t kSnapshotNumberMax = std::uint64_t{1} << 31;  // Of strings, pairs, series.

// Wrapping: times are any 64 bits.
std::int64_t TimeMinus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

base::Status BadLabels(const char* what) { return base::Corruption(std::string("read a snapshot's labels: ") + what); }

// A count of things that take at least one byte each.
bool ReadCount(std::string_view& in, std::uint64_t& n) { return ReadVarint(in, n) && n <= in.size(); }

}  // namespace

std::uint32_t SnapshotLabelsEncoder::NumberOfString(index::StringId id) {
  if (id >= string_numbers_.size()) string_numbers_.resize(id + id / 2 + 64);
  std::uint32_t& number = string_numbers_[id];
  if (number == 0) {
    base::AppendLengthPrefixed(strings_, text_of_(id));
    number = static_cast<std::uint32_t>(++totals_.strings);
  }
  return number - 1;
}

std::uint32_t SnapshotLabelsEncoder::NumberOfPair(const index::LabelIds& ids) {
  if (ids.value >= pair_of_value_.size()) pair_of_value_.resize(ids.value + ids.value / 2 + 64);
  PairOfValue& first = pair_of_value_[ids.value];
  if (first.name == ids.name) return first.number;
  const auto number = static_cast<std::uint32_t>(totals_.pairs);
  if (first.name == index::kNoString) {
    first = {ids.name, number};
  } else {
    const auto [other, is_new] = other_pairs_.try_emplace(std::uint64_t{ids.name} << 32 | ids.value, number);
    if (!is_new) return other->second;
  }
  AppendVarint(pairs_, NumberOfString(ids.name));
  AppendVarint(pairs_, NumberOfString(ids.value));
  ++totals_.pairs;
  return number;
}

void SnapshotLabelsEncoder::AddSeries(std::span<const index::LabelIds> labels) {
  AppendVarint(series_, labels.size());
  if (last_.size() < labels.size()) last_.resize(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::uint32_t pair = NumberOfPair(labels[i]);
    AppendVarint(series_, ZigZag(std::int64_t{pair} - std::int64_t{last_[i]}));
    last_[i] = pair;
  }
  ++totals_.series;
}

void SnapshotLabelsEncoder::FinishBatch(std::string& out) {
  AppendVarint(out, totals_.strings - before_batch_.strings);
  out.append(strings_);
  AppendVarint(out, totals_.pairs - before_batch_.pairs);
  out.append(pairs_);
  AppendVarint(out, totals_.series - before_batch_.series);
  out.append(series_);
  before_batch_ = totals_;
  strings_.clear();
  pairs_.clear();
  series_.clear();
  last_.clear();
}

base::Status DecodeSnapshotLabels(std::string_view in, const SnapshotTotals& before, SnapshotLabels& out) {
  std::uint64_t n = 0;
  out.strings.clear();
  if (!ReadCount(in, n) || before.strings + n > kSnapshotNumberMax) return BadLabels("number of strings");
  out.strings.resize(static_cast<std::size_t>(n));
  for (std::string_view& text : out.strings) {
    if (!base::ReadLengthPrefixed(in, text) || text.empty()) return BadLabels("a string");
  }
  const std::uint64_t strings = before.strings + n;

  out.pairs.clear();
  if (!ReadCount(in, n) || before.pairs + n > kSnapshotNumberMax) return BadLabels("number of pairs");
  out.pairs.reserve(static_cast<std::size_t>(n));
  const std::uint64_t pairs = before.pairs + n;
  for (; n > 0; --n) {
    std::uint64_t name = 0;
    std::uint64_t value = 0;
    if (!ReadVarint(in, name) || !ReadVarint(in, value) || name >= strings || value >= strings) {
      return BadLabels("a pair");
    }
    out.pairs.emplace_back(static_cast<std::uint32_t>(name), static_cast<std::uint32_t>(value));
  }

  out.label_counts.clear();
  out.labels.clear();
  std::uint64_t series = 0;
  if (!ReadCount(in, series) || before.series + series > kSnapshotNumberMax) return BadLabels("number of series");
  std::vector<std::uint64_t> last;
  for (; series > 0; --series) {
    if (!ReadCount(in, n) || n == 0) return BadLabels("number of labels");
    if (last.size() < n) last.resize(static_cast<std::size_t>(n));
    out.label_counts.push_back(static_cast<std::uint32_t>(n));
    for (std::size_t i = 0; i < n; ++i) {
      std::uint64_t difference = 0;
      if (!ReadVarint(in, difference)) return BadLabels("a label");
      last[i] += static_cast<std::uint64_t>(UnZigZag(difference));
      if (last[i] >= pairs) return BadLabels("a label");
      out.labels.push_back(static_cast<std::uint32_t>(last[i]));
    }
  }
  return in.empty() ? base::OkStatus() : BadLabels("bytes behind the end");
}

void AppendSavedNewest(TimestampMs newest, std::uint64_t bits, const metric::NativeHistogram* histogram,
                       std::size_t chunks, std::string& out) {
  AppendVarint(out, ZigZag(newest.ms));
  out.push_back(histogram != nullptr ? '\1' : '\0');
  if (histogram != nullptr) {
    std::string bytes;
    metric::EncodeHistogram(*histogram, bytes);
    base::AppendLengthPrefixed(out, bytes);
  } else {
    base::AppendFixed64(out, bits);
  }
  AppendVarint(out, chunks);
}

void AppendSavedChunk(TimestampMs newest, const chunk::ChunkView& chunk, bool late, std::string& out) {
  AppendVarint(out, std::uint64_t{chunk.count} << 1 | (late ? 1u : 0u));
  AppendVarint(out, ZigZag(TimeMinus(newest.ms, chunk.min.ms)));
  AppendVarint(out, static_cast<std::uint64_t>(TimeMinus(chunk.max.ms, chunk.min.ms)));
  base::AppendLengthPrefixed(out, chunk.bytes);
}

void AppendSamplesHeader(std::uint64_t first, std::span<const SeriesRef> refs, std::string& out) {
  AppendVarint(out, first);
  AppendVarint(out, refs.size());
  std::uint64_t before = 0;
  for (const SeriesRef ref : refs) {
    const auto number = static_cast<std::uint64_t>(ref);
    AppendVarint(out, ZigZag(static_cast<std::int64_t>(number - std::exchange(before, number))));
  }
}

bool ReadSamplesHeader(std::string_view& in, std::uint64_t& first, std::vector<SeriesRef>& refs) {
  std::uint64_t series = 0;
  if (!ReadVarint(in, first) || !ReadVarint(in, series) || first > kSnapshotNumberMax || series > in.size())
    return false;
  std::uint64_t ref = 0;
  for (; series > 0; --series) {
    std::uint64_t difference = 0;
    if (!ReadVarint(in, difference)) return false;
    ref += static_cast<std::uint64_t>(UnZigZag(difference));
    refs.push_back(static_cast<SeriesRef>(ref));
  }
  return true;
}

bool ReadSavedSeries(std::string_view& in, SavedSeries& out) {
  std::uint64_t newest = 0;
  if (!ReadVarint(in, newest) || in.empty() || static_cast<unsigned char>(in[0]) > 1) return false;
  out.newest = TimestampMs(UnZigZag(newest));
  out.newest_bits = 0;
  out.newest_is_histogram = in[0] == 1;
  in.remove_prefix(1);
  if (out.newest_is_histogram) {
    std::string_view bytes;
    if (!base::ReadLengthPrefixed(in, bytes) || !metric::DecodeHistogram(bytes, out.newest_histogram) ||
        !bytes.empty()) {
      return false;
    }
  } else if (!base::ReadFixed64(in, out.newest_bits)) {
    return false;
  }
  out.chunks.clear();
  std::uint64_t chunks = 0;
  if (!ReadCount(in, chunks)) return false;
  for (; chunks > 0; --chunks) {
    std::uint64_t count = 0;
    std::uint64_t before = 0;
    std::uint64_t length = 0;
    SavedChunk chunk;
    if (!ReadVarint(in, count) || !ReadVarint(in, before) || !ReadVarint(in, length) ||
        !base::ReadLengthPrefixed(in, chunk.view.bytes) || chunk.view.bytes.empty()) {
      return false;
    }
    if (count >> 1 == 0 || count >> 1 > chunk::kMaxChunkSamples) return false;
    chunk.late = (count & 1) != 0;
    chunk.view.count = static_cast<std::uint32_t>(count >> 1);
    chunk.view.min = TimestampMs(TimeMinus(out.newest.ms, UnZigZag(before)));
    chunk.view.max = TimestampMs(TimeMinus(chunk.view.min.ms, TimeMinus(0, static_cast<std::int64_t>(length))));
    if (chunk.view.max < chunk.view.min) return false;
    out.chunks.push_back(chunk);
  }
  return true;
}

}  // namespace bellwether::storage::head
