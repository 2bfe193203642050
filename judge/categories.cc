#include "judge/categories.h"

#include <algorithm>

namespace bellwether::judge {

void FoldRare(std::vector<CategoryCount>& counts, std::size_t max) {
  if (counts.size() <= max) return;
  const auto rank = [](const CategoryCount& a, const CategoryCount& b) {
    return a.reference != b.reference ? a.reference > b.reference : a.category < b.category;
  };
  const auto end_of_kept = counts.begin() + static_cast<std::ptrdiff_t>(max);
  std::nth_element(counts.begin(), end_of_kept, counts.end(), rank);
  CategoryCount other{.category = kOtherCategory};
  for (auto it = end_of_kept; it != counts.end(); ++it) {
    other.reference += it->reference;
    other.current += it->current;
  }
  counts.resize(max);
  std::sort(counts.begin(), counts.end(),
            [](const CategoryCount& a, const CategoryCount& b) { return a.category < b.category; });
  counts.push_back(other);
}

}  // namespace bellwether::judge
