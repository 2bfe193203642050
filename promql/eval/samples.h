// promql/eval/samples.h
//
// The samples of one series as columns, each series decoded once for all steps of a query. Floats and histograms stand
// in two lists, each by time. Where a list has start timestamps, there is one for each sample.
#pragma once

#include <cstddef>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "metric/labels.h"
#include "promql/eval/query_context.h"
#include "promql/eval/row.h"
#include "storage/storage.h"

namespace bellwether::promql {

struct FloatColumn {
  std::vector<base::TimestampMs> times;
  std::vector<double> values;
  std::vector<base::TimestampMs> starts;  // Empty: none is known.

  [[nodiscard]] std::size_t size() const { return times.size(); }
  [[nodiscard]] base::TimestampMs StartAt(std::size_t i) const {
    return starts.empty() ? base::TimestampMs() : starts[i];
  }
};

struct HistogramColumn {
  std::vector<base::TimestampMs> times;
  std::vector<HistogramPtr> values;
  std::vector<base::TimestampMs> starts;

  [[nodiscard]] std::size_t size() const { return times.size(); }
  [[nodiscard]] base::TimestampMs StartAt(std::size_t i) const {
    return starts.empty() ? base::TimestampMs() : starts[i];
  }
};

struct SeriesSamples {
  metric::Labels labels;
  bool drop_name = false;
  FloatColumn floats;
  HistogramColumn histograms;

  void Clear();
  [[nodiscard]] std::size_t SampleCount() const;  // In units of max_samples.
};

enum class StaleMarkers : unsigned char { kKeep, kDrop };

// What a sample takes in columns that grow as they are read.
inline constexpr std::uint64_t kBytesPerSampleRead = 24;

// Appends everything the cursor has, as far as the hold may grow. Errors: the cursor's; those of MemoryBudget::Take.
[[nodiscard]] base::Status ReadSamples(storage::SampleCursor& cursor, StaleMarkers stale, BudgetHold& hold,
                                       SeriesSamples& out);

}  // namespace bellwether::promql
