// storage/head/pair_stamps.h
//
// Tells whether other series may match than before: counters by label pair, many pairs to a counter. A series that
// comes or goes moves the counters of all its pairs. As long as one counter of the pairs that matchers ask for stands
// still, no series that has all of them came or went; others' coming and going is not noticed but by chance.
//
// Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "metric/labels.h"
#include "metric/matcher.h"

namespace bellwether::storage::head {

class PairStamps {
 public:
  // A series is about to be found, or is found no more.
  void Move(const metric::Labels& series);

  // What a reader saw before it resolved matchers.
  using Seen = std::vector<std::pair<std::uint32_t, std::uint64_t>>;  // Counter, and how it stood.
  [[nodiscard]] Seen Look(std::span<const metric::Matcher> matchers) const;
  // The matchers would find the same series.
  [[nodiscard]] bool StandStill(const Seen& seen) const;

 private:
  static constexpr std::size_t kCounters = 4096;
  // The last one is that of all series.
  std::array<std::atomic<std::uint64_t>, kCounters + 1> counters_{};
};

}  // namespace bellwether::storage::head
