// promql/histogram/compensated.h
//
// A native histogram under compensated summation (Kahan's, in Neumaier's form): every count carries the error that
// adding has lost so far. Used for the sums and means of aggregations and of windows.
//
// Source: Prometheus model/histogram/float_histogram.go (KahanAdd).
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "metric/histogram.h"

namespace bellwether::promql::histogram {

struct CompensatedValue {
  double value = 0;
  double lost = 0;

  void Add(double x) {
    const double t = value + x;
    if (std::isinf(t)) {
      lost = 0;
    } else if (std::fabs(value) >= std::fabs(x)) {
      lost += (value - t) + x;
    } else {
      lost += (x - t) + value;
    }
    value = t;
  }
  void Add(const CompensatedValue& other) {
    Add(other.value);
    if (other.lost != 0) Add(other.lost);
  }
  void Scale(double factor) {
    value *= factor;
    lost *= factor;
  }
  void Divide(double divisor) {
    value /= divisor;
    lost /= divisor;
  }
};

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
    CompensatedValue count;
  };
  using Side = std::vector<IndexedValue>;

  static Side ToSide(const std::vector<metric::BucketSpan>& spans, const std::vector<double>& counts);
  static Side Coarsened(const Side& side, int diff);
  static Side Merged(const Side& a, const Side& b);
  static Side AtBounds(const Side& side, const std::vector<double>& from, const std::vector<double>& to);

  bool AddCustom(const metric::NativeHistogram& h);
  void AddExponential(const metric::NativeHistogram& h);
  // Returns what `h` brings to the zero bucket.
  CompensatedValue ReconcileZero(const metric::NativeHistogram& h);
  void WidenZeroTo(double threshold);
  // Without compensation, and without buckets that are empty.
  [[nodiscard]] metric::NativeHistogram Values() const;
  template <typename F>
  void ForEach(F&& f);

  metric::NativeHistogram shape_;  // Schema, threshold, custom values and hint.
  CompensatedValue zero_count_;
  CompensatedValue count_;
  CompensatedValue sum_;
  Side positive_;
  Side negative_;
};

}  // namespace bellwether::promql::histogram
