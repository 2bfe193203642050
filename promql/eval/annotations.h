// promql/eval/annotations.h
//
// Warnings and infos that a query collects, each text once. The texts are Prometheus's; the functions below are the
// only place that words them. A position is that of the responsible expression in the query text.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "promql/engine.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {

struct Annotation {
  enum class Kind : unsigned char { kWarning, kInfo };
  Kind kind = Kind::kWarning;
  std::string text;  // After "PromQL warning: ".
  PositionRange position;
};

// How far buckets had to be moved to be monotonic, over all steps of a query.
struct MonotonicityFix {
  double lower_bucket = 0;
  double upper_bucket = 0;
  double max_difference = 0;
  std::size_t samples = 0;
  base::TimestampMs from;
  base::TimestampMs to;
};

class AnnotationSet {
 public:
  void Add(Annotation annotation);
  // Occurrences of one metric are merged and told as one.
  void AddMonotonicityFix(std::string_view metric, const MonotonicityFix& fix, PositionRange position);
  void AddStartTimeOverlap(std::string_view metric, PositionRange position);

  // Complete texts with prefix and "(line:column)" in `query`, in order of first appearance.
  [[nodiscard]] Annotations Render(std::string_view query) const;

 private:
  struct Fix {
    MonotonicityFix fix;
    PositionRange position;
  };
  struct Overlap {
    std::size_t count = 0;
    PositionRange position;
  };

  std::vector<Annotation> list_;
  std::map<std::string, std::size_t, std::less<>> seen_;  // Kind and text, to the index in list_.
  std::map<std::string, Fix, std::less<>> fixes_;         // By metric.
  std::map<std::string, Overlap, std::less<>> overlaps_;
};

[[nodiscard]] Annotation InvalidRatio(double got, double capped, PositionRange at);
[[nodiscard]] Annotation InvalidQuantile(double q, PositionRange at);
// Empty `metric`: not told.
[[nodiscard]] Annotation BadBucketLabel(std::string_view metric, std::string_view label, PositionRange at);
[[nodiscard]] Annotation MixedFloatsHistograms(std::string_view metric, PositionRange at);
[[nodiscard]] Annotation MixedFloatsHistogramsInAggregation(PositionRange at);
[[nodiscard]] Annotation MixedClassicNative(std::string_view metric, PositionRange at);
[[nodiscard]] Annotation HistogramNotCounter(std::string_view metric, PositionRange at);
[[nodiscard]] Annotation HistogramNotGauge(std::string_view metric, PositionRange at);
[[nodiscard]] Annotation MixedExponentialCustom(std::string_view metric, PositionRange at);
[[nodiscard]] Annotation IncompatibleBucketLayout(std::string_view op, PositionRange at);
[[nodiscard]] Annotation SortInRangeQuery(PositionRange at);
// `operation`: "addition", "subtraction", "aggregation".
[[nodiscard]] Annotation CounterResetCollision(std::string_view operation, PositionRange at);
[[nodiscard]] Annotation MismatchedCustomBuckets(std::string_view operation, PositionRange at);
[[nodiscard]] Annotation PossibleNonCounter(std::string_view metric, PositionRange at);
[[nodiscard]] Annotation PossibleNonCounterType(std::string_view metric, std::string_view type, PositionRange at);
[[nodiscard]] Annotation IncompatibleTypes(std::string_view lhs, std::string_view op, std::string_view rhs,
                                           PositionRange at);
[[nodiscard]] Annotation HistogramIgnoredInAggregation(std::string_view op, PositionRange at);
[[nodiscard]] Annotation HistogramsIgnoredInRange(std::string_view metric, PositionRange at);
[[nodiscard]] Annotation QuantileNanResult(std::string_view metric, PositionRange at);
[[nodiscard]] Annotation QuantileNanSkew(std::string_view metric, PositionRange at);
[[nodiscard]] Annotation FractionNan(std::string_view metric, PositionRange at);

}  // namespace bellwether::promql
