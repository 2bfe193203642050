// promql/naive_evaluator_test.h
//
// PromQL straight from its definitions: an expression at one time, from samples that stand in a list, with no thought
// of speed. It knows a part of the language, that of evaluator_property_test.cc, and is what the engine is held to
// there.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "metric/labels.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {

// Buckets by their upper bound.
struct NaiveHistogram {
  double count = 0;
  double sum = 0;
  std::map<double, double> buckets;
};

struct NaiveSample {
  base::TimestampMs time;
  double value = 0;
  std::optional<NaiveHistogram> histogram;  // If set, the sample is this.
  bool is_stale = false;
};

struct NaiveSeries {
  metric::Labels labels;
  std::vector<NaiveSample> samples;  // By time.
};

// A vector by label set; a label set that comes twice is an error.
using NaiveVector = std::map<std::string, NaiveSeries>;  // Each with one sample.

class NaiveEvaluator {
 public:
  explicit NaiveEvaluator(const std::vector<NaiveSeries>& data) : data_(data) {}

  // Nothing: an error.
  [[nodiscard]] std::optional<NaiveVector> Vector(const Expr& expr, base::TimestampMs at);

  // The largest value seen on the way: rounding is relative to it.
  [[nodiscard]] double scale() const { return scale_; }

 private:
  [[nodiscard]] double ScalarAt(const Expr& expr, base::TimestampMs at);
  NaiveVector Eval(const Expr& expr, base::TimestampMs at);
  NaiveVector Select(const VectorSelector& selector, base::TimestampMs at);
  NaiveVector EvalCall(const Call& call, base::TimestampMs at);
  NaiveVector EvalAggregate(const Aggregate& aggregate, base::TimestampMs at);
  NaiveVector EvalBinary(const Binary& binary, base::TimestampMs at);
  NaiveVector Filter(const Binary& binary, const NaiveVector& lhs, const NaiveVector& rhs);
  NaiveVector Join(const Binary& binary, const NaiveVector& lhs, const NaiveVector& rhs);
  // Series with the samples of the window, without those that have none, and the window's end.
  std::vector<NaiveSeries> Window(const Expr& expr, base::TimestampMs at, base::TimestampMs& end,
                                  base::DurationMs& range);
  void Put(NaiveVector& out, metric::Labels labels, NaiveSample sample);

  const std::vector<NaiveSeries>& data_;
  double scale_ = 1;
  bool failed_ = false;
};

}  // namespace bellwether::promql
