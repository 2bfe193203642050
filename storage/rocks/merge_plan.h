// storage/rocks/merge_plan.h
//
// Which sealed windows are to become one. A window of two hours is small: series table and posting lists weigh as much
// as a twentieth of its samples, and a query of a day opens twelve. So the windows of six hours are merged as soon as
// they are sealed, and those of a day when the day is over; what came late is folded in when it has become worth the
// writing. Each sample is written three times in its life.
//
// Pure: it decides, window_merger.h acts.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "storage/head/window.h"
#include "storage/rocks/window_format.h"

namespace bellwether::storage {

// Windows in a merged one. Blocks of them are cut from the Unix epoch on, as windows are.
inline constexpr std::int64_t kMergeSpans[] = {12, 3};

struct MergeRules {
  head::WindowId end;                 // Windows from this one on may still get samples in order: not merged.
  std::int64_t span_max = 12;         // At most so many windows in one.
  std::set<head::WindowId> unsealed;  // Hold samples in memory, which will be a generation soon.
  std::set<head::WindowId> given_up;  // First windows of merges that cannot be made: something is damaged.
};

struct MergePlan {
  head::WindowId first;
  std::int64_t span = 1;
  std::vector<WindowKey> inputs;  // In order of the catalogue: of two samples at one time the earlier input's counts.
};

// The merge to be done first; nothing if all is well. `entries` in order of the catalogue.
[[nodiscard]] std::optional<MergePlan> PlanMerge(std::span<const WindowEntry> entries, const MergeRules& rules);

}  // namespace bellwether::storage
