#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "storage/admin.h"
#include "storage/largest_counts.h"
#include "storage/memory/memory_data.h"
#include "storage/open.h"
#include "storage/series_census.h"

namespace bellwether::storage {
namespace memory {
namespace {

// Entries whose series is gone.
template <typename RefMap>
void EraseUnknown(RefMap& refs, const std::map<SeriesRef, MemorySeries>& series) {
  std::erase_if(refs, [&](const auto& entry) { return !series.contains(entry.second); });
}

class MemoryStorage final : public Storage, public StorageAdmin {
 public:
  MemoryStorage(const StorageOptions& options, base::Clock& clock, base::MetricsRegistry& metrics)
      : data_(options, clock, metrics) {}

  using Storage::NewAppender;
  [[nodiscard]] std::unique_ptr<Appender> NewAppender(AppendMode mode) override {
    return NewMemoryAppender(data_, mode);
  }
  [[nodiscard]] std::unique_ptr<Querier> NewQuerier(base::TimestampMs min, base::TimestampMs max) override {
    return NewMemoryQuerier(data_, min, max);
  }

  base::Status Sync() override { return {}; }

  [[nodiscard]] base::Result<std::vector<ExemplarSeries>> Exemplars(
      base::TimestampMs min, base::TimestampMs max, std::span<const std::vector<metric::Matcher>> selectors) override {
    return data_.exemplars.Select(min, max, selectors);
  }

  [[nodiscard]] std::vector<MetricMetadata> Metadata(std::string_view metric) const override {
    return data_.metadata.Select(metric);
  }

  [[nodiscard]] StorageStats Stats(std::size_t limit) const override {
    StorageStats stats;
    std::map<std::string, std::uint64_t> by_metric;
    std::map<std::string, std::uint64_t> by_pair;
    std::map<std::string, std::uint64_t> values;
    std::map<std::string, std::uint64_t> value_bytes;
    const base::MutexLock lock(data_.mu);
    for (const auto& [ref, series] : data_.series) {
      ++stats.series;
      CountSamples(series, stats);
      for (const metric::LabelView& label : series.labels) {
        if (label.name == metric::kMetricName) ++by_metric[std::string(label.value)];
        if (++by_pair[fmt::format("{}={}", label.name, label.value)] == 1) ++values[std::string(label.name)];
        value_bytes[std::string(label.name)] += label.value.size();
      }
    }
    stats.label_pairs = by_pair.size();
    stats.series_by_metric = LargestOf(by_metric, limit);
    stats.values_by_label = LargestOf(values, limit);
    stats.value_bytes_by_label = LargestOf(value_bytes, limit);
    stats.series_by_label_pair = LargestOf(by_pair, limit);
    return stats;
  }

  [[nodiscard]] std::optional<base::TimestampMs> NewestSample() const override {
    const base::MutexLock lock(data_.mu);
    return data_.newest_sample;
  }

  [[nodiscard]] StorageAdmin* admin() override { return this; }

  base::Status DeleteSeries(base::TimestampMs min, base::TimestampMs max, SelectorSpan selectors) override {
    if (min > max) return {};
    const base::MutexLock lock(data_.mu);
    for (auto& [ref, series] : data_.series) {
      const auto matches = [&](const std::vector<metric::Matcher>& s) { return MatchesAll(series.labels, s); };
      if (std::none_of(selectors.begin(), selectors.end(), matches)) continue;
      series.samples.erase(series.samples.lower_bound(min), series.samples.upper_bound(max));
      if (min <= series.newest && series.newest <= max) FindNewest(series);
    }
    return {};
  }

  base::Status CleanTombstones() override { return {}; }

  base::Result<std::string> Snapshot(SnapshotContent) override {
    return base::Execution("a store in memory has no files to copy");
  }
  base::Result<VerifyReport> Verify() override { return base::Execution("a store in memory has no files to check"); }

  [[nodiscard]] std::vector<SealedWindowInfo> SealedWindows() const override { return {}; }

  base::Result<CardinalityReport> Analyze(std::size_t limit) override {
    SeriesCensus census;
    const base::MutexLock lock(data_.mu);
    for (const auto& [ref, series] : data_.series) {
      if (!series.samples.empty()) census.Add(series.labels);
    }
    CardinalityReport report;
    census.AddTo(report, limit);
    return report;
  }

  // Retention: samples go when they are too old, series when they have none left.
  base::Status Maintain() override {
    if (data_.options.retention.ms == 0) return {};
    const base::TimestampMs oldest = data_.clock.Now() - data_.options.retention;
    const base::MutexLock lock(data_.mu);
    for (auto& [ref, series] : data_.series) {
      series.samples.erase(series.samples.begin(), series.samples.lower_bound(oldest));
    }
    if (data_.refs_in_use > 0) return {};
    std::erase_if(data_.series, [](const auto& entry) { return entry.second.samples.empty(); });
    EraseUnknown(data_.by_labels, data_.series);
    EraseUnknown(data_.by_alias, data_.series);
    return {};
  }

 private:
  static void FindNewest(MemorySeries& series) {
    const bool any = !series.samples.empty();
    series.newest = any ? series.samples.rbegin()->first : head::kNoSample;
    series.newest_sample = any ? series.samples.rbegin()->second : MemorySample();
  }

  void CountSamples(const MemorySeries& series, StorageStats& stats) const {
    if (series.samples.empty()) return;
    const std::size_t per_chunk = std::max<std::size_t>(1, data_.options.chunk_samples_max);
    stats.chunks += (series.samples.size() + per_chunk - 1) / per_chunk;
    const base::TimestampMs first = series.samples.begin()->first;
    const base::TimestampMs last = series.samples.rbegin()->first;
    stats.min_time = stats.min_time ? std::min(*stats.min_time, first) : first;
    stats.max_time = stats.max_time ? std::max(*stats.max_time, last) : last;
  }

  MemoryData data_;
};

}  // namespace

MemoryData::MemoryData(const StorageOptions& opts, base::Clock& time, base::MetricsRegistry& metrics)
    : options(opts),
      clock(time),
      exemplars(opts.exemplars_max, opts.out_of_order_window),
      metadata(opts.metadata_max, metrics) {
  for (std::size_t i = 1; i < kRefusals; ++i) {
    refused[i] = &metrics.AddCounter("bellwether_storage_refused_samples_total", "Samples not taken, by reason.",
                                     {{"reason", std::string(RefusalName(static_cast<Refusal>(i)))}});
  }
}

bool MatchesAll(const metric::Labels& labels, std::span<const metric::Matcher> matchers) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&](const metric::Matcher& m) { return m.Matches(labels.Get(m.name())); });
}

}  // namespace memory

std::unique_ptr<Storage> NewMemoryStorage(const StorageOptions& options, base::Clock& clock,
                                          base::MetricsRegistry& metrics) {
  return std::make_unique<memory::MemoryStorage>(options, clock, metrics);
}

}  // namespace bellwether::storage
