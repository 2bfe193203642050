// bench/column_storage.h
//
// Storage whose series lie decoded in memory: what a query costs apart from storage.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/storage.h"

namespace bellwether::bench {

struct Column {
  metric::Labels labels;
  std::shared_ptr<const std::vector<base::TimestampMs>> times;  // Of many series that were scraped together.
  std::vector<double> values;
};

// Series by label set, each one batch.
class ColumnSet final : public storage::SeriesSet, public storage::SampleCursor {
 public:
  ColumnSet(std::vector<const Column*> columns, base::TimestampMs min, base::TimestampMs max)
      : columns_(std::move(columns)), min_(min), max_(max) {}
  bool Next() override { return ++at_ <= columns_.size(); }
  [[nodiscard]] const metric::Labels& labels() const override { return columns_[at_ - 1]->labels; }
  storage::SampleCursor& samples() override {
    given_ = false;
    return *this;
  }
  bool Next(storage::SampleBatch& batch) override {
    if (given_) return false;
    given_ = true;
    const Column& c = *columns_[at_ - 1];
    const std::vector<base::TimestampMs>& times = *c.times;
    const auto from = std::lower_bound(times.begin(), times.end(), min_) - times.begin();
    const auto to = std::upper_bound(times.begin(), times.end(), max_) - times.begin();
    if (from == to) return false;
    const auto offset = static_cast<std::size_t>(from);
    const auto count = static_cast<std::size_t>(to - from);
    batch = {std::span(times).subspan(offset, count), std::span(c.values).subspan(offset, count), {}, {}};
    return true;
  }
  [[nodiscard]] base::Status status() const override { return {}; }

 private:
  std::vector<const Column*> columns_;
  const base::TimestampMs min_;
  const base::TimestampMs max_;
  std::size_t at_ = 0;
  bool given_ = false;
};

class ColumnQuerier final : public storage::Querier {
 public:
  explicit ColumnQuerier(const std::vector<Column>& columns) : columns_(columns) {}
  std::unique_ptr<storage::SeriesSet> Select(std::span<const metric::Matcher> matchers,
                                             const storage::SelectHints& hints) override {
    std::vector<const Column*> found;
    for (const Column& c : columns_) {
      const bool all = std::all_of(matchers.begin(), matchers.end(),
                                   [&](const metric::Matcher& m) { return m.Matches(c.labels.Get(m.name())); });
      if (all) found.push_back(&c);
    }
    return std::make_unique<ColumnSet>(std::move(found), hints.min, hints.max);
  }
  base::Result<std::vector<std::string>> LabelNames(std::span<const metric::Matcher>, std::size_t) override {
    return std::vector<std::string>();
  }
  base::Result<std::vector<std::string>> LabelValues(std::string_view, std::span<const metric::Matcher>,
                                                     std::size_t) override {
    return std::vector<std::string>();
  }

 private:
  const std::vector<Column>& columns_;
};

class ColumnStorage final : public storage::Storage {
 public:
  explicit ColumnStorage(std::vector<Column> columns) : columns_(std::move(columns)) {}
  using Storage::NewAppender;
  std::unique_ptr<storage::Appender> NewAppender(storage::AppendMode) override { return nullptr; }
  std::unique_ptr<storage::Querier> NewQuerier(base::TimestampMs, base::TimestampMs) override {
    return std::make_unique<ColumnQuerier>(columns_);
  }
  base::Status Sync() override { return {}; }
  base::Result<std::vector<storage::ExemplarSeries>> Exemplars(base::TimestampMs, base::TimestampMs,
                                                               std::span<const std::vector<metric::Matcher>>) override {
    return std::vector<storage::ExemplarSeries>();
  }
  std::vector<storage::MetricMetadata> Metadata(std::string_view) const override { return {}; }
  storage::StorageStats Stats(std::size_t) const override { return {}; }
  std::optional<base::TimestampMs> NewestSample() const override { return std::nullopt; }
  base::Status Maintain() override { return {}; }

 private:
  const std::vector<Column> columns_;
};

}  // namespace bellwether::bench
