// promql/eval/histogram_sums.h
//
// Running sum and mean of native histograms, compensated as Prometheus's are. Used by the aggregations sum and avg and
// by sum_over_time and avg_over_time.
#pragma once

#include <optional>

#include "metric/histogram.h"
#include "promql/engine.h"
#include "promql/histogram/compensated.h"

namespace bellwether::promql {

enum class HistogramSumStep : unsigned char {
  kPlain,
  kReconciled,    // Custom bounds differed; the common ones were kept.
  kIncompatible,  // Exponential meets custom buckets: there will be no result. Told once.
};

// What sum and mean share: the running sum, whether a result is possible, and which counter resets were seen.
class HistogramAccumulator {
 public:
  [[nodiscard]] bool collision() const { return reset_seen_ && not_reset_seen_; }
  [[nodiscard]] bool incompatible() const { return incompatible_; }

 protected:
  void LookAtHint(const metric::NativeHistogram& h);
  HistogramSumStep Conclude(const histogram::CompensatedHistogram::Outcome& outcome);

  std::optional<histogram::CompensatedHistogram> sum_;
  bool incompatible_ = false;

 private:
  bool reset_seen_ = false;
  bool not_reset_seen_ = false;
};

class HistogramSum : public HistogramAccumulator {
 public:
  HistogramSumStep Add(const metric::NativeHistogram& h);
  // Null if nothing was added or the buckets did not mix.
  [[nodiscard]] HistogramPtr Result() const;
};

// A sum that turns into a running mean when it would overflow, as KahanMean does.
class HistogramMean : public HistogramAccumulator {
 public:
  HistogramSumStep Add(const metric::NativeHistogram& h);
  [[nodiscard]] HistogramPtr Result() const;

 private:
  double count_ = 0;
  bool incremental_ = false;
};

}  // namespace bellwether::promql
