// storage/metadata_table.h
//
// What senders say of their metrics, by metric name: the newest word each. Bounded: a sender may name as many metrics
// as it likes. What nobody has said again for the longest time goes first.
//
// Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "base/mutex.h"
#include "storage/storage.h"

namespace bellwether::storage {

class MetadataTable {
 public:
  // `max` metrics, at least one. `registry` outlives the table.
  MetadataTable(std::size_t max, base::MetricsRegistry& registry);

  // True if it is new or changed; else it counts as said again.
  [[nodiscard]] bool Differs(const MetricMetadata& metadata);
  void Set(const MetricMetadata& metadata);
  // Of one metric, or of all if empty; by metric name.
  [[nodiscard]] std::vector<MetricMetadata> Select(std::string_view metric) const;
  // Of all, those that were said last come last: in this order they are set again.
  [[nodiscard]] std::vector<MetricMetadata> ByAge() const;

 private:
  using List = std::list<MetricMetadata>;

  const std::size_t max_;
  base::Gauge& count_;
  base::Counter& forgotten_;

  mutable base::Mutex mu_;
  List by_age_ BW_GUARDED_BY(mu_);  // Said last comes last.
  std::map<std::string, List::iterator, std::less<>> by_metric_ BW_GUARDED_BY(mu_);
};

}  // namespace bellwether::storage
