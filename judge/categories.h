// judge/categories.h
//
// Two distributions over words (a category each) on one list of categories: those that either side has, missing ones
// with 0. Beyond a number of categories the rarest of the reference become one, because each further category makes
// chance look more like drift.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace bellwether::judge {

inline constexpr std::size_t kCategoriesMax = 50;
inline constexpr std::string_view kOtherCategory = "__other__";

struct CategoryCount {
  std::string_view category;
  double reference = 0;
  double current = 0;
};

// Keeps the `max` categories that count most in the reference (of equal ones, the first by name) and adds up the rest
// under kOtherCategory, last. No change where there are no more than `max`.
void FoldRare(std::vector<CategoryCount>& counts, std::size_t max = kCategoriesMax);

}  // namespace bellwether::judge
