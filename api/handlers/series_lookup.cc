#include "api/handlers/series_lookup.h"

#include <algorithm>
#include <utility>

namespace bellwether::api {
namespace {

// One more than is wanted shows whether there are more.
std::size_t LookupLimit(std::size_t limit) { return limit == 0 ? 0 : limit + 1; }

template <typename T>
LimitedList<T> SortedUniqueUpTo(std::vector<T> items, std::size_t limit) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  const bool truncated = limit != 0 && items.size() > limit;
  if (truncated) items.resize(limit);
  return {std::move(items), truncated};
}

// Runs `find` (matchers -> Result<vector<string>>) for each selector, or once for all series.
template <typename Find>
base::Result<LimitedList<std::string>> UnionOf(const LookupScope& scope, const Find& find) {
  static const SelectorList kEverySeries = {{}};
  std::vector<std::string> all;
  for (const auto& matchers : scope.selectors.empty() ? kEverySeries : scope.selectors) {
    BW_ASSIGN_OR_RETURN(std::vector<std::string> found, find(matchers));
    std::move(found.begin(), found.end(), std::back_inserter(all));
  }
  return SortedUniqueUpTo(std::move(all), scope.limit);
}

}  // namespace

base::Result<LimitedList<metric::Labels>> FindSeries(storage::Storage& storage, const LookupScope& scope) {
  const auto querier = storage.NewQuerier(scope.bounds.min, scope.bounds.max);
  storage::SelectHints hints;
  hints.limit = LookupLimit(scope.limit);
  hints.labels_only = true;
  std::vector<metric::Labels> all;
  for (const auto& matchers : scope.selectors) {
    const auto set = querier->Select(matchers, hints);
    while (set->Next()) all.push_back(set->labels());
    BW_RETURN_IF_ERROR(set->status());
  }
  return SortedUniqueUpTo(std::move(all), scope.limit);
}

base::Result<LimitedList<std::string>> FindLabelNames(storage::Storage& storage, const LookupScope& scope) {
  const auto querier = storage.NewQuerier(scope.bounds.min, scope.bounds.max);
  return UnionOf(scope, [&](const std::vector<metric::Matcher>& matchers) {
    return querier->LabelNames(matchers, LookupLimit(scope.limit));
  });
}

base::Result<LimitedList<std::string>> FindLabelValues(storage::Storage& storage, std::string_view name,
                                                       const LookupScope& scope) {
  const auto querier = storage.NewQuerier(scope.bounds.min, scope.bounds.max);
  return UnionOf(scope, [&](const std::vector<metric::Matcher>& matchers) {
    return querier->LabelValues(name, matchers, LookupLimit(scope.limit));
  });
}

}  // namespace bellwether::api
