// storage/rocks/memory_gate.h
//
// Whether the store makes new series: not while memory holds more of samples and series than it may. What exists goes
// on, since samples of known series cannot be refused without a loss, and cost little beside a new series.
//
// What the head takes is what the process takes, less what is known to be something else's. So the allocator's waste
// counts, and so does whatever nobody counts: nothing grows unseen. What the allocator keeps although it is free, as
// after a large query, is given back to the machine before anything is refused.
//
// Thread-safe; nothing waits for a lock. The memory is looked at a few times a second at most.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "base/clock.h"
#include "base/metrics.h"

namespace bellwether::storage {

// Bytes in use now.
struct MemoryUse {
  std::uint64_t process = 0;  // That no file backs.
  std::uint64_t block_cache = 0;
  std::uint64_t memtables = 0;
  std::uint64_t queries = 0;

  [[nodiscard]] std::uint64_t Head() const {
    const std::uint64_t others = block_cache + memtables + queries;
    return process > others ? process - others : 0;
  }
};

class MemoryGate {
 public:
  using Probe = std::function<MemoryUse()>;

  // `head_bytes_max` 0: no bound. `clock` and `metrics` outlive the gate.
  MemoryGate(Probe probe, std::uint64_t head_bytes_max, base::Clock& clock, base::MetricsRegistry& metrics);

  // Whether new series are refused now; looks if the last look is old.
  [[nodiscard]] bool IsShort();
  // A series was refused.
  void NoteRefusal() { refusals_.Add(); }
  // Looks now, for the metrics.
  void Look();

  [[nodiscard]] std::uint64_t head_bytes_max() const { return head_bytes_max_; }

 private:
  [[nodiscard]] MemoryUse WithoutFreeMemory(const MemoryUse& use);

  const Probe probe_;
  const std::uint64_t head_bytes_max_;
  base::Clock& clock_;
  base::Gauge& block_cache_;
  base::Gauge& memtables_;
  base::Gauge& head_;
  base::Gauge& short_gauge_;
  base::Counter& refusals_;

  std::atomic<std::int64_t> next_look_ns_;
  std::atomic<std::int64_t> next_trim_ns_;
  std::atomic<bool> short_{false};
};

}  // namespace bellwether::storage
