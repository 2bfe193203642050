#include "storage/rocks/memory_gate.h"

#include <limits>

#include "base/log.h"
#include "base/memory_metrics.h"
#include "base/process_memory.h"

namespace bellwether::storage {
namespace {

constexpr std::int64_t kLookAgainNs = 100'000'000;
constexpr std::int64_t kTrimAgainNs = 10'000'000'000;

// True for one caller of many, when it is time.
bool TakeTurn(std::atomic<std::int64_t>& next, std::int64_t now, std::int64_t pause) {
  std::int64_t due = next.load(std::memory_order_relaxed);
  return now >= due && next.compare_exchange_strong(due, now + pause);
}

}  // namespace

MemoryGate::MemoryGate(Probe probe, std::uint64_t head_bytes_max, base::Clock& clock, base::MetricsRegistry& metrics)
    : probe_(std::move(probe)),
      head_bytes_max_(head_bytes_max),
      clock_(clock),
      block_cache_(metrics.AddGauge(base::kMemoryUsedMetric, base::kMemoryUsedHelp, {{"part", "block_cache"}})),
      memtables_(metrics.AddGauge(base::kMemoryUsedMetric, base::kMemoryUsedHelp, {{"part", "memtables"}})),
      head_(metrics.AddGauge(base::kMemoryUsedMetric, base::kMemoryUsedHelp, {{"part", "head"}})),
      short_gauge_(metrics.AddGauge("bellwether_memory_short",
                                    "1 while no new series are taken because the head has used up its part.")),
      refusals_(metrics.AddCounter(base::kMemoryRefusalsMetric, base::kMemoryRefusalsHelp, {{"part", "head"}})),
      next_look_ns_(std::numeric_limits<std::int64_t>::min()),
      next_trim_ns_(std::numeric_limits<std::int64_t>::min()) {}

bool MemoryGate::IsShort() {
  if (head_bytes_max_ > 0 && TakeTurn(next_look_ns_, clock_.MonotonicNanos(), kLookAgainNs)) Look();
  return short_.load(std::memory_order_relaxed);
}

// Opens a twentieth below the mark at which it closes, so that it does not flutter.
void MemoryGate::Look() {
  MemoryUse use = probe_();
  if (head_bytes_max_ > 0) {
    const bool was_short = short_.load();
    const std::uint64_t bound = was_short ? head_bytes_max_ - head_bytes_max_ / 20 : head_bytes_max_;
    if (use.Head() > bound) use = WithoutFreeMemory(use);
    const bool is_short = use.Head() > bound;
    if (short_.exchange(is_short) != is_short) {
      short_gauge_.Set(is_short ? 1 : 0);
      if (is_short) {
        BW_LOG(kError, "memory is used up, no new series are taken", {"head_bytes", use.Head()},
               {"limit_bytes", head_bytes_max_}, {"process_bytes", use.process});
      } else {
        BW_LOG(kInfo, "new series are taken again", {"head_bytes", use.Head()}, {"limit_bytes", head_bytes_max_});
      }
    }
  }
  block_cache_.Set(static_cast<double>(use.block_cache));
  memtables_.Set(static_cast<double>(use.memtables));
  head_.Set(static_cast<double>(use.Head()));
}

// Giving free memory back takes a while, and rarely helps twice.
MemoryUse MemoryGate::WithoutFreeMemory(const MemoryUse& use) {
  if (!TakeTurn(next_trim_ns_, clock_.MonotonicNanos(), kTrimAgainNs)) return use;
  base::ReturnFreeMemory();
  return probe_();
}

}  // namespace bellwether::storage
