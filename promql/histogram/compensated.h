// promql/histogram/compensated.h
//
// A native histogram under compensated summation (Kahan's, in Neumaier's form): every count carries the error that
// adding has lost so far. Used for the sums and means of aggregations and of windows.
//
// Source: Prometheus model/histogram/float_histogram.go (KahanAdd).
#pragma once

#include <cstdint>
#include <vector>

#include "metric/histogram.h"
#include "promql/eval/kahan.h"

namespace bellwether::promql::histogram {

// A value; copies are independent.
class CompensatedHistogram {
 public:
  explicit CompensatedHistogram(const metric::NativeHistogram& first);

  struct Outcome {
    bool incompatible = false;       // One exponential, one with custom buckets: nothing was added.
    bool bounds_reconciled = false;  // Custom bounds differed.
  };
  // Reconciles as histogram::Add does.
  Outcome Add(const metric::NativeHistogram& h);

  void Scale(double factor);
  void Divide(double divisor);

  // Whether a count or the sum is infinite.
  [[nodiscard]] bool HasOverflow() const;
  // With what was lost; compact.
  [[nodiscard]] metric::NativeHistogram Total() const;

 private:
  struct IndexedValue {
    std::int32_t index = 0;
    KahanSum count;
  };
  using Side = std::vector<IndexedValue>;

  static Side ToSide(const std::vector<metric::BucketSpan>& spans, const std::vector<double>& counts);
  static Side Coarsened(const Side& side, int diff);
  static Side Merged(const Side& a, const Side& b);
  static Side AtBounds(const Side& side, const std::vector<double>& from, const std::vector<double>& to);

  bool AddCustom(const metric::NativeHistogram& h);
  void AddExponential(const metric::NativeHistogram& h);
  // Returns what `h` brings to the zero bucket.
  KahanSum ReconcileZero(const metric::NativeHistogram& h);
  void WidenZeroTo(double threshold);
  // Without compensation, and without buckets that are empty.
  [[nodiscard]] metric::NativeHistogram Values() const;
  template <typename F>
  void ForEach(F&& f);

  metric::NativeHistogram shape_;  // Schema, threshold, custom values and hint.
  KahanSum zero_count_;
  KahanSum count_;
  KahanSum sum_;
  Side positive_;
  Side negative_;
};

}  // namespace bellwether::promql::histogram
