#include "server/memory_budget.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <limits>
#include <utility>

#include "base/memory_metrics.h"
#include "base/process_memory.h"

namespace bellwether::server {
namespace {

constexpr std::uint64_t kMiB = 1u << 20;
constexpr std::uint64_t kLeast = 64 * kMiB;
constexpr std::uint64_t kMemtables = 4;
constexpr std::uint64_t kNoBound = std::numeric_limits<std::uint64_t>::max();

base::Result<std::uint64_t> ParseMemory(std::string_view text, std::uint64_t machine_bytes) {
  if (!text.ends_with('%')) return ParseByteSize(text);
  std::uint64_t percent = 0;
  const char* end = text.data() + text.size() - 1;
  const auto [stop, error] = std::from_chars(text.data(), end, percent);
  if (error != std::errc() || stop != end || percent > 100) {
    return base::InvalidArgument(fmt::format("\"{}\" is no share: 1% to 100%", text));
  }
  return machine_bytes / 100 * percent;
}

// The number in a file of the kernel; none, or "max", is no bound.
std::uint64_t BoundIn(const std::string& path) {
  std::ifstream file(path);
  std::uint64_t bytes = 0;
  return file >> bytes ? bytes : kNoBound;
}

// The least that `file` says in the folder of a group and in those above it.
std::uint64_t BoundAlong(const std::string& hierarchy, std::string group, const char* file) {
  std::uint64_t bound = BoundIn(hierarchy + "/" + file);
  while (group.size() > 1) {
    bound = std::min(bound, BoundIn(hierarchy + group + "/" + file));
    group.resize(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
  }
  return bound;
}

std::uint64_t GroupBound(const std::string& root) {
  // "0::/system.slice/x.service" (version 2), "4:memory:/x" (version 1).
  std::ifstream groups(root + "/proc/self/cgroup");
  std::uint64_t bound = kNoBound;
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string group = line.substr(second + 1);
    if (controllers == ",,") {
      bound = std::min(bound, BoundAlong(root + "/sys/fs/cgroup", group, "memory.max"));
    } else if (controllers.find(",memory,") != std::string::npos) {
      bound = std::min(bound, BoundAlong(root + "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes"));
    }
  }
  return bound;
}

}  // namespace

base::Result<std::uint64_t> ParseByteSize(std::string_view text) {
  constexpr std::string_view kUnits[] = {"B", "K", "M", "G", "T", "P"};
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.empty()) unit = "B";
  if (unit.size() > 1 && unit.ends_with("iB")) {
    unit.remove_suffix(2);
  } else if (unit.size() > 1 && unit.ends_with('B')) {
    unit.remove_suffix(1);
  } else if (unit != "B") {
    unit = {};
  }
  const auto* found = std::find(std::begin(kUnits), std::end(kUnits), unit);
  const auto shift = static_cast<unsigned>(10 * (found - std::begin(kUnits)));
  if (error != std::errc() || found == std::end(kUnits) || n > kNoBound >> shift) {
    return base::InvalidArgument(fmt::format("\"{}\" is no size: a number and one of B, KB, MB, GB, TB, PB", text));
  }
  return n << shift;
}

base::Result<MemoryBudget> MakeMemoryBudget(std::string_view text, std::uint64_t machine_bytes) {
  MemoryBudget budget;
  BW_ASSIGN_OR_RETURN(budget.total, ParseMemory(text, machine_bytes));
  if (budget.total < kLeast) {
    return base::InvalidArgument(fmt::format("\"{}\" are {} MiB, and the least is {} MiB (a share has a %)", text,
                                             budget.total / kMiB, kLeast / kMiB));
  }
  budget.block_cache = budget.total / 10;
  budget.memtables = kMemtables * std::clamp(budget.total / 256, kMiB, 8 * kMiB);
  budget.queries = budget.total / 32 * 5;
  budget.one_query = budget.queries / 2;
  budget.rules = budget.total / 32 * 2;
  budget.kept = budget.total / 32;
  budget.head = budget.total - budget.block_cache - budget.memtables - budget.queries - budget.rules - budget.kept;
  return budget;
}

std::uint64_t MachineMemory(const std::string& root) {
  const std::uint64_t physical =
      static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return std::min(physical, GroupBound(root));
}

MemoryShares MakeMemoryShares(const MemoryBudget& budget) {
  const auto share = [](std::uint64_t bytes, std::string_view holders) {
    return std::make_shared<base::MemoryShare>(
        bytes, fmt::format("{} would together hold more than {} MiB in memory, their part of --storage.memory: ask for "
                           "less, or try again later",
                           holders, bytes / kMiB));
  };
  return {.queries = share(budget.queries, "the queries running now"),
          .rules = share(budget.rules, "the rules evaluated now"),
          .kept = share(budget.kept, "rules between their evaluations")};
}

void AddMemoryMetrics(const MemoryBudget& budget, const MemoryShares& shares, base::MetricsRegistry& metrics) {
  for (const auto& [part, bytes] :
       std::initializer_list<std::pair<const char*, std::uint64_t>>{{"total", budget.total},
                                                                    {"block_cache", budget.block_cache},
                                                                    {"memtables", budget.memtables},
                                                                    {"queries", budget.queries},
                                                                    {"rules", budget.rules},
                                                                    {"kept", budget.kept},
                                                                    {"head", budget.head}}) {
    metrics.AddGauge("bellwether_memory_budget_bytes", "The parts of --storage.memory.", {{"part", part}})
        .Set(static_cast<double>(bytes));
  }
  metrics.AddGaugeFunction(base::kMemoryUsedMetric, base::kMemoryUsedHelp, {{"part", "total"}},
                           [] { return static_cast<double>(base::ProcessMemory()); });
  for (const auto& [part, share] :
       {std::pair("queries", shares.queries), std::pair("rules", shares.rules), std::pair("kept", shares.kept)}) {
    metrics.AddGaugeFunction(base::kMemoryUsedMetric, base::kMemoryUsedHelp, {{"part", part}},
                             [share = share] { return static_cast<double>(share->used()); });
    metrics.AddCounterFunction(base::kMemoryRefusalsMetric, base::kMemoryRefusalsHelp, {{"part", part}},
                               [share = share] { return static_cast<double>(share->refusals()); });
  }
}

}  // namespace bellwether::server
