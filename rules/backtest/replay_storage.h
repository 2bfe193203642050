// rules/backtest/replay_storage.h
//
// The store as rules of a replay see it: history, and over it what they have recorded themselves, in memory. What no
// rule reads back is counted and not kept. Rules ask for series alone; label names, exemplars and statistics are not
// offered.
//
// One thread at a time.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/status.h"
#include "base/time.h"
#include "rules/backtest/history_blocks.h"
#include "rules/backtest/recorded_series.h"
#include "rules/backtest/rule_reads.h"
#include "storage/storage.h"

namespace bellwether::rules {

class ReplayStorage final : public storage::Storage {
 public:
  struct Limits {
    std::size_t history_samples_max = 0;
    std::size_t recorded_samples_max = 0;
  };

  // `plan`: of all groups. Everything outlives the store.
  ReplayStorage(storage::Storage& history, const ReplayPlan& plan, const Limits& limits, base::Clock& clock,
                base::MetricsRegistry& metrics);

  using Storage::NewAppender;
  // Errors of its commits: kLimitExceeded.
  [[nodiscard]] std::unique_ptr<storage::Appender> NewAppender(storage::AppendMode mode) override;
  [[nodiscard]] std::unique_ptr<storage::Querier> NewQuerier(base::TimestampMs min, base::TimestampMs max) override;

  base::Status Sync() override { return base::OkStatus(); }
  [[nodiscard]] base::Result<std::vector<storage::ExemplarSeries>> Exemplars(
      base::TimestampMs min, base::TimestampMs max, std::span<const std::vector<metric::Matcher>> selectors) override;
  [[nodiscard]] std::vector<storage::MetricMetadata> Metadata(std::string_view metric) const override;
  [[nodiscard]] storage::StorageStats Stats(std::size_t limit) const override;
  [[nodiscard]] std::optional<base::TimestampMs> NewestSample() const override { return std::nullopt; }
  base::Status Maintain() override;

  // kLimitExceeded once rules have recorded too much.
  [[nodiscard]] const base::Status& status() const { return status_; }

 private:
  class RecordingAppender;
  class ReplayQuerier;

  // Whether a selector can find anything recorded, and anything else.
  struct Sources {
    bool recorded = false;
    bool history = true;
  };
  [[nodiscard]] Sources SourcesOf(std::span<const metric::Matcher> matchers) const;

  storage::Storage& history_;
  const ReplayPlan& plan_;
  const Limits limits_;
  HistoryBlocks blocks_;
  RecordedSeries recorded_;
  base::Status status_;
};

}  // namespace bellwether::rules
