// storage/largest_counts.h
//
// The names with the largest counts, for reports of what a store is full of.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "storage/storage.h"

namespace bellwether::storage {

// The largest first, at most `limit`; equal ones by name. `counts` is a map from names to numbers.
template <typename Counts>
[[nodiscard]] std::vector<NameCount> LargestOf(const Counts& counts, std::size_t limit) {
  std::vector<NameCount> all;
  for (const auto& [name, value] : counts) all.push_back({name, value});
  const std::size_t n = std::min(limit, all.size());
  std::partial_sort(
      all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n), all.end(),
      [](const NameCount& a, const NameCount& b) { return a.value != b.value ? a.value > b.value : a.name < b.name; });
  all.resize(n);
  return all;
}

}  // namespace bellwether::storage
