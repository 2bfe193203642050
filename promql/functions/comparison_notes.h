// promql/functions/comparison_notes.h
//
// What a comparison of distributions has to say besides its value, told once a call: in how many distributions, and
// which came first.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "metric/labels.h"
#include "promql/eval/annotations.h"

namespace bellwether::promql {

enum class Concern : unsigned char {
  kNoReference,
  kTooFewSamples,
  kUnusableBuckets,
  kMixedForms,
  kNoSharedBound,
  kSharedBoundsOnly,
  kCoarseBuckets,
  kWideBounds,
};
inline constexpr std::size_t kConcerns = 8;

class ComparisonNotes {
 public:
  // `position`: of the call; `function`: its name, which outlives this.
  ComparisonNotes(std::string_view function, PositionRange position) : function_(function), position_(position) {}

  // Of the distribution that is number `group` among all. Groups come one after another.
  void Add(Concern concern, std::size_t group, const metric::Labels& labels);
  void TellTo(AnnotationSet& annotations, std::size_t groups) const;

 private:
  struct Found {
    std::size_t count = 0;
    std::size_t last = 0;
    metric::Labels first;
  };
  [[nodiscard]] Annotation Worded(Concern concern, const Found& found, std::size_t groups) const;

  const std::string_view function_;
  const PositionRange position_;
  std::array<Found, kConcerns> found_;
};

}  // namespace bellwether::promql
