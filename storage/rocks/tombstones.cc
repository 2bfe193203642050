#include "storage/rocks/tombstones.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/bytes.h"

namespace bellwether::storage {
namespace {

constexpr base::DurationMs kOneMs(1);

// False unless they ascend and fit.
bool ReadOrdinals(std::string_view& in, std::vector<std::uint32_t>& ordinals) {
  std::uint64_t count = 0;
  if (!base::ReadVarint(in, count) || count > in.size()) return false;  // A byte each at least.
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t difference = 0;
    if (!base::ReadVarint(in, difference) || difference > ~std::uint32_t{0} - last) return false;
    if (i > 0 && difference == 0) return false;
    last += difference;
    ordinals.push_back(static_cast<std::uint32_t>(last));
  }
  return true;
}

}  // namespace

std::optional<Tombstones> Tombstones::Decode(std::string_view bytes) {
  Tombstones tombstones;
  while (!bytes.empty()) {
    std::uint64_t min = 0;
    std::uint64_t length = 0;
    if (!base::ReadVarint(bytes, min) || !base::ReadVarint(bytes, length)) return std::nullopt;
    Group& group = tombstones.groups_.emplace_back();
    group.range.min = base::TimestampMs(base::UnZigZag(min));
    const auto max = static_cast<std::uint64_t>(group.range.min.ms) + length;
    group.range.max = base::TimestampMs(static_cast<std::int64_t>(max));
    if (group.range.max < group.range.min || !ReadOrdinals(bytes, group.ordinals)) return std::nullopt;
  }
  return tombstones;
}

std::string Tombstones::Encode() const {
  std::string out;
  for (const Group& group : groups_) {
    base::AppendVarint(out, base::ZigZag(group.range.min.ms));
    base::AppendVarint(out,
                       static_cast<std::uint64_t>(group.range.max.ms) - static_cast<std::uint64_t>(group.range.min.ms));
    base::AppendVarint(out, group.ordinals.size());
    std::uint32_t last = 0;
    for (const std::uint32_t ordinal : group.ordinals) base::AppendVarint(out, ordinal - std::exchange(last, ordinal));
  }
  return out;
}

Tombstones Tombstones::With(const chunk::TimeRange& range, const std::vector<std::uint32_t>& ordinals) const {
  Tombstones result = *this;
  const auto same = std::find_if(result.groups_.begin(), result.groups_.end(),
                                 [&](const Group& group) { return group.range == range; });
  if (same == result.groups_.end()) {
    result.groups_.push_back({range, ordinals});
    return result;
  }
  std::vector<std::uint32_t> both;
  std::set_union(same->ordinals.begin(), same->ordinals.end(), ordinals.begin(), ordinals.end(),
                 std::back_inserter(both));
  same->ordinals = std::move(both);
  return result;
}

std::vector<chunk::TimeRange> Tombstones::RangesOf(std::uint32_t ordinal) const {
  std::vector<chunk::TimeRange> ranges;
  for (const Group& group : groups_) {
    if (std::binary_search(group.ordinals.begin(), group.ordinals.end(), ordinal)) ranges.push_back(group.range);
  }
  std::sort(ranges.begin(), ranges.end());
  std::vector<chunk::TimeRange> joined;
  for (const chunk::TimeRange& range : ranges) {
    // Ranges that touch are one: no sample is between them.
    const bool touches = !joined.empty() && (range.min <= joined.back().max || range.min - kOneMs == joined.back().max);
    if (touches) {
      joined.back().max = std::max(joined.back().max, range.max);
    } else {
      joined.push_back(range);
    }
  }
  return joined;
}

bool Tombstones::HidesAll(std::uint32_t ordinal, base::TimestampMs min, base::TimestampMs max) const {
  const std::vector<chunk::TimeRange> ranges = RangesOf(ordinal);
  return std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) { return range.Covers(min, max); });
}

}  // namespace bellwether::storage
