#include "storage/rocks/merge_plan.h"

#include <algorithm>
#include <map>

namespace bellwether::storage {
namespace {

// Late generations wait until they weigh this part of what they are folded into, or are this many.
constexpr std::uint64_t kLatePart = 4;
constexpr std::size_t kLateMany = 8;

std::int64_t FirstOfBlock(std::int64_t number, std::int64_t span) {
  const std::int64_t rest = number % span;
  return number - (rest < 0 ? rest + span : rest);
}

// Generations that lie in one block of `span` windows.
struct MergeBlock {
  std::vector<const WindowEntry*> entries;
  std::uint64_t bytes = 0;
  const WindowEntry* whole = nullptr;  // Spans the block already.
  bool is_covered = false;             // By a generation that spans more.
};

std::map<std::int64_t, MergeBlock> BlocksOf(std::span<const WindowEntry> entries, std::int64_t span) {
  std::map<std::int64_t, MergeBlock> blocks;
  for (const WindowEntry& entry : entries) {
    if (entry.span > span) {
      for (std::int64_t n = entry.key.window.number; n <= entry.last().number; n += span) {
        blocks[FirstOfBlock(n, span)].is_covered = true;
      }
      continue;
    }
    MergeBlock& block = blocks[FirstOfBlock(entry.key.window.number, span)];
    block.entries.push_back(&entry);
    block.bytes += entry.bytes;
    if (entry.span == span && (block.whole == nullptr || entry.bytes > block.whole->bytes)) block.whole = &entry;
  }
  return blocks;
}

bool HasUnsealed(const MergeRules& rules, std::int64_t first, std::int64_t span) {
  const auto it = rules.unsealed.lower_bound(head::WindowId{first});
  return it != rules.unsealed.end() && it->number < first + span;
}

bool IsWorthMerging(const MergeBlock& block, const MergeRules& rules, std::int64_t first, std::int64_t span) {
  if (block.is_covered || block.entries.size() < 2 || first + span > rules.end.number) return false;
  if (rules.given_up.contains(head::WindowId{first})) return false;
  if (block.entries.size() > kLateMany && block.whole != nullptr) return true;
  if (HasUnsealed(rules, first, span)) return block.entries.size() > kLateMany + static_cast<std::size_t>(span);
  return block.whole == nullptr || (block.bytes - block.whole->bytes) * kLatePart >= block.whole->bytes;
}

}  // namespace

std::optional<MergePlan> PlanMerge(std::span<const WindowEntry> entries, const MergeRules& rules) {
  for (const std::int64_t span : kMergeSpans) {
    if (span > rules.span_max) continue;
    for (const auto& [first, block] : BlocksOf(entries, span)) {
      if (!IsWorthMerging(block, rules, first, span)) continue;
      MergePlan plan{{first}, span, {}};
      for (const WindowEntry* entry : block.entries) plan.inputs.push_back(entry->key);
      return plan;
    }
  }
  return std::nullopt;
}

}  // namespace bellwether::storage
