#include "promql/functions/comparison_notes.h"

#include <fmt/format.h>

#include "promql/eval/label_sets.h"

namespace bellwether::promql {

void ComparisonNotes::Add(Concern concern, std::size_t group, const metric::Labels& labels) {
  Found& found = found_[static_cast<std::size_t>(concern)];
  if (found.count > 0 && found.last == group) return;
  if (found.count == 0) found.first = WithoutMetadata(labels);
  ++found.count;
  found.last = group;
}

void ComparisonNotes::TellTo(AnnotationSet& annotations, std::size_t groups) const {
  for (std::size_t i = 0; i < kConcerns; ++i) {
    if (found_[i].count > 0) annotations.Add(Worded(static_cast<Concern>(i), found_[i], groups));
  }
}

Annotation ComparisonNotes::Worded(Concern concern, const Found& found, std::size_t groups) const {
  const std::string where = fmt::format("{} of {}, first {}", found.count, groups, found.first.ToString());
  const auto warning = [&](std::string text) {
    return Annotation{Annotation::Kind::kWarning, std::move(text), position_};
  };
  const auto info = [&](std::string text) { return Annotation{Annotation::Kind::kInfo, std::move(text), position_}; };
  switch (concern) {
    case Concern::kNoReference: return info(fmt::format("no reference distribution for {}", where));
    case Concern::kTooFewSamples:
      return warning(
          fmt::format("too few samples for {} in {}; take a longer range or fewer buckets", function_, where));
    case Concern::kUnusableBuckets:
      return warning(fmt::format("buckets without +Inf, or a single one, given to {} in {}", function_, where));
    case Concern::kMixedForms:
      return warning(fmt::format("{} cannot compare exponential with other buckets, in {}", function_, where));
    case Concern::kNoSharedBound:
      return warning(fmt::format("no bucket bound that both sides of {} have, in {}", function_, where));
    case Concern::kSharedBoundsOnly:
      return info(
          fmt::format("bucket bounds differ, {} compares by those that both sides have, in {}", function_, where));
    case Concern::kCoarseBuckets:
      return info(fmt::format("buckets too coarse for {}: fewer than 5 hold samples, in {}", function_, where));
    case Concern::kWideBounds:
      return info(fmt::format("buckets leave the value of {} uncertain, in {}; see ks_bounds and wasserstein_bounds",
                              function_, where));
  }
  return info("");
}

}  // namespace bellwether::promql
