// storage/head/shard.h
//
// The sample state of the head's series, spread over shards by slot so that commits and readers of different series
// seldom wait for each other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/mutex.h"
#include "base/time.h"
#include "storage/head/series.h"
#include "storage/index/paged_array.h"

namespace bellwether::storage::head {

inline constexpr std::size_t kShards = 16;

constexpr std::size_t ShardOf(std::uint32_t slot) { return slot % kShards; }

// The sample state of every sixteenth series.
struct Shard {
  explicit Shard(base::DurationMs window) : windows(window) {}

  [[nodiscard]] Series& At(std::uint32_t slot) BW_REQUIRES(mu) { return series[slot / kShards]; }
  [[nodiscard]] const Series& At(std::uint32_t slot) const BW_REQUIRES(mu) { return series[slot / kShards]; }
  // Asks for the memory of a series that exists; looks at nothing of it, and needs no lock.
  void Prefetch(std::uint32_t slot) const BW_NO_THREAD_SAFETY_ANALYSIS {
    __builtin_prefetch(&series[slot / kShards], 1);
  }

  mutable base::Mutex mu;
  index::PagedArray<Series> series BW_GUARDED_BY(mu);
  WindowCounts windows BW_GUARDED_BY(mu);
};

using Shards = std::array<std::unique_ptr<Shard>, kShards>;

}  // namespace bellwether::storage::head
