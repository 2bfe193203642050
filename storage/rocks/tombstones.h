// storage/rocks/tombstones.h
//
// What was deleted from one generation of a sealed window: ranges of time by ordinal. Ordinals never change within a
// generation, and what is written later is in another one, so a tombstone hides exactly what was there when it was
// made. It goes with its generation. Grammar: docs/formats/windows.md.
//
//   tombstones := group*
//   group      := min:zigzag (max - min):varint ordinals:varint (difference:varint)*     ascending, the first against 0
//
// Immutable: a further deletion makes another value. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "storage/chunk/time_range.h"

namespace bellwether::storage {

class Tombstones {
 public:
  // Nothing on malformed bytes.
  [[nodiscard]] static std::optional<Tombstones> Decode(std::string_view bytes);
  [[nodiscard]] std::string Encode() const;

  // The same and one more. `ordinals` ascend.
  [[nodiscard]] Tombstones With(const chunk::TimeRange& range, const std::vector<std::uint32_t>& ordinals) const;

  [[nodiscard]] bool empty() const { return groups_.empty(); }
  // What is hidden of a series: ascending, not overlapping. Usually nothing.
  [[nodiscard]] std::vector<chunk::TimeRange> RangesOf(std::uint32_t ordinal) const;
  // All of [min, max] is.
  [[nodiscard]] bool HidesAll(std::uint32_t ordinal, base::TimestampMs min, base::TimestampMs max) const;

 private:
  struct Group {
    chunk::TimeRange range;
    std::vector<std::uint32_t> ordinals;
  };
  std::vector<Group> groups_;
};

}  // namespace bellwether::storage
