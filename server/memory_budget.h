// server/memory_budget.h
//
// One budget for the memory of the process, and how it is shared out. What cannot be refused (samples of series that
// exist) is not; new series and queries end with an error at their part.
//
//   block cache   a tenth: blocks of sealed windows that were read
//   memtables     at most 32 MiB: alert states and the catalogue, until they are written out
//   queries       five of 32 parts: what running queries and their results hold, and label sets of sealed series; one
//                 query at most half of it
//   rules         two of 32: what running queries of rules hold, so that dashboards never stop an alert; one may have
//                 all of it
//   kept          one of 32: what is kept for rules from one evaluation to the next; without it they cost more
//   head          the rest: series, samples that are not sealed yet, and whatever else there is
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/memory_share.h"
#include "base/metrics.h"
#include "base/status.h"

namespace bellwether::server {

struct MemoryBudget {
  std::uint64_t total = 0;  // Bytes, as all of these.
  std::uint64_t block_cache = 0;
  std::uint64_t memtables = 0;  // Of four.
  std::uint64_t queries = 0;
  std::uint64_t one_query = 0;  // Part of `queries`.
  std::uint64_t rules = 0;
  std::uint64_t kept = 0;
  std::uint64_t head = 0;
};

// "512MB": a number and one of B, KB, MB, GB, TB, PB or KiB, MiB, ..., all powers of 1024 as Prometheus has them.
// Error: kInvalidArgument.
[[nodiscard]] base::Result<std::uint64_t> ParseByteSize(std::string_view text);

// "60%" of `machine_bytes`, or bytes; at least 64 MiB. Error: kInvalidArgument.
[[nodiscard]] base::Result<MemoryBudget> MakeMemoryBudget(std::string_view text, std::uint64_t machine_bytes);

// What the machine has, or less if the control group of the process or one above it may have less (both versions of
// cgroups). `root` is where /proc and /sys are looked for; tests give another.
[[nodiscard]] std::uint64_t MachineMemory(const std::string& root = "");

// What is taken from while the process runs, with the words for those that are refused.
struct MemoryShares {
  std::shared_ptr<base::MemoryShare> queries;
  std::shared_ptr<base::MemoryShare> rules;
  std::shared_ptr<base::MemoryShare> kept;
};
[[nodiscard]] MemoryShares MakeMemoryShares(const MemoryBudget& budget);

// bellwether_memory_budget_bytes{part}, and of bellwether_memory_used_bytes{part} those that the store does not set.
void AddMemoryMetrics(const MemoryBudget& budget, const MemoryShares& shares, base::MetricsRegistry& metrics);

}  // namespace bellwether::server
