#include "promql/functions/row_families.h"

#include <unordered_map>

#include "promql/eval/label_sets.h"

namespace bellwether::promql {

std::vector<RowFamily> FamiliesOf(Rows& rows, std::span<const std::string> without) {
  const std::vector<std::string> sorted = SortedNames({without.begin(), without.end()});
  std::vector<RowFamily> families;
  std::unordered_map<metric::Labels, std::size_t, metric::LabelsHash> index;
  for (Row& row : rows) {
    const auto [it, is_new] = index.try_emplace(WithoutMetadata(WithoutLabels(row.labels, sorted)), families.size());
    if (is_new) families.push_back({.labels = it->first, .rows = {}});
    families[it->second].rows.push_back(&row);
  }
  return families;
}

}  // namespace bellwether::promql
