// api/handlers/series_lookup.h
//
// What series, label names and label values there are: the union over selectors, without repeats, cut to a limit.
// Shared by the metadata endpoints of the Prometheus API and by Grafana's variables and filters.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/handlers/params.h"
#include "base/status.h"
#include "metric/labels.h"
#include "storage/storage.h"

namespace bellwether::api {

template <typename T>
struct LimitedList {
  std::vector<T> items;    // Sorted.
  bool truncated = false;  // There were more than the limit.
};

struct LookupScope {
  const SelectorList& selectors;  // Empty: every series, except for FindSeries.
  TimeBounds bounds = kAllTime;
  std::size_t limit = 0;  // 0: all.
};

// Errors: those of the storage.
[[nodiscard]] base::Result<LimitedList<metric::Labels>> FindSeries(storage::Storage& storage, const LookupScope& scope);
[[nodiscard]] base::Result<LimitedList<std::string>> FindLabelNames(storage::Storage& storage,
                                                                    const LookupScope& scope);
[[nodiscard]] base::Result<LimitedList<std::string>> FindLabelValues(storage::Storage& storage, std::string_view name,
                                                                     const LookupScope& scope);

}  // namespace bellwether::api
