#include "storage/metadata_table.h"

#include <algorithm>

namespace bellwether::storage {

MetadataTable::MetadataTable(std::size_t max, base::MetricsRegistry& registry)
    : max_(std::max<std::size_t>(max, 1)),
      count_(registry.AddGauge("bellwether_storage_metadata_entries", "Metrics with metadata.")),
      forgotten_(registry.AddCounter("bellwether_storage_metadata_forgotten_total",
                                     "Metadata that went because there were more than storage.metadata.max_metrics.")) {
}

bool MetadataTable::Differs(const MetricMetadata& metadata) {
  const base::MutexLock lock(mu_);
  const auto found = by_metric_.find(metadata.metric);
  if (found == by_metric_.end() || *found->second != metadata) return true;
  by_age_.splice(by_age_.end(), by_age_, found->second);
  return false;
}

void MetadataTable::Set(const MetricMetadata& metadata) {
  const base::MutexLock lock(mu_);
  const auto [entry, is_new] = by_metric_.try_emplace(metadata.metric);
  if (!is_new) by_age_.erase(entry->second);
  entry->second = by_age_.insert(by_age_.end(), metadata);
  if (by_age_.size() > max_) {
    by_metric_.erase(by_age_.front().metric);
    by_age_.pop_front();
    forgotten_.Add();
  }
  count_.Set(static_cast<double>(by_age_.size()));
}

std::vector<MetricMetadata> MetadataTable::Select(std::string_view metric) const {
  std::vector<MetricMetadata> result;
  const base::MutexLock lock(mu_);
  for (const auto& [name, metadata] : by_metric_) {
    if (metric.empty() || name == metric) result.push_back(*metadata);
  }
  return result;
}

std::vector<MetricMetadata> MetadataTable::ByAge() const {
  const base::MutexLock lock(mu_);
  return {by_age_.begin(), by_age_.end()};
}

}  // namespace bellwether::storage
