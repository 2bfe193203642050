// rules/backtest/recorded_series.h
//
// What the rules of a replay have recorded, in memory: floats as columns, for windows over a month of them are read at
// each step. Series that ever hold a native histogram are in a store of their own, which knows how to compare them.
//
// Order is decided as the store decides it: per series, repeats are no fault, other values for the same time are, and
// an older sample finds its place within the out-of-order window.
//
// One thread. Good until the next change: what Select gave.
#pragma once

#include <cstddef>
#include <deque>
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
#include "metric/labels.h"
#include "metric/matcher.h"
#include "rules/backtest/series_columns.h"
#include "storage/storage.h"

namespace bellwether::rules {

class RecordedSeries {
 public:
  // `keep`: how long samples are needed; nothing: to the end. The others outlive the series.
  RecordedSeries(std::optional<base::DurationMs> keep, base::Clock& clock, base::MetricsRegistry& metrics);

  [[nodiscard]] std::unique_ptr<storage::Appender> NewAppender();
  [[nodiscard]] std::unique_ptr<storage::SeriesSet> Select(std::span<const metric::Matcher> matchers,
                                                           base::TimestampMs min, base::TimestampMs max,
                                                           const storage::SelectHints& hints);

  // Drops what is not needed any more.
  base::Status Trim();
  [[nodiscard]] std::size_t samples() const { return samples_; }  // As of the last Trim, and those since.

 private:
  class ColumnsAppender;

  struct Column {
    SeriesColumns columns;
    bool has_histograms = false;  // Everything of it is in `histograms_`.
  };

  // Why the sample is not taken.
  [[nodiscard]] storage::Refusal Insert(SeriesColumns& columns, base::TimestampMs at, double value, double& existing);
  base::Status MoveToHistograms(Column& column);

  const std::optional<base::DurationMs> keep_;
  base::Clock& clock_;
  std::unique_ptr<storage::Storage> histograms_;
  std::deque<Column> columns_;                                                         // By ref, from 1.
  std::map<std::string, std::map<metric::Labels, std::size_t>, std::less<>> by_name_;  // Places in `columns_`.
  std::size_t samples_ = 0;
  bool any_histograms_ = false;
};

// Two sets that have no series in common, as one.
[[nodiscard]] std::unique_ptr<storage::SeriesSet> JoinSets(std::unique_ptr<storage::SeriesSet> a,
                                                           std::unique_ptr<storage::SeriesSet> b);

}  // namespace bellwether::rules
