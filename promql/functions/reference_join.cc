#include "promql/functions/reference_join.h"

#include <utility>

#include <fmt/format.h>

#include "promql/eval/label_sets.h"

namespace bellwether::promql {
namespace {

constexpr std::string_view kRemedy = "aggregate the reference, or name a version";

metric::Labels KeyOf(const metric::Labels& labels) {
  static const std::vector<std::string> kNotOfKey =
      SortedNames({std::string(metric::kMetricName), std::string(metric::kTypeLabel), std::string(metric::kUnitLabel),
                   std::string(kBaselineLabel), std::string(kBaselineVersionLabel)});
  return WithoutLabels(labels, kNotOfKey);
}

std::vector<std::string> NamesOf(const metric::Labels& labels) {
  std::vector<std::string> names;
  for (const metric::LabelView label : labels) names.emplace_back(label.name);
  return names;
}

}  // namespace

base::Result<ReferenceJoin> ReferenceJoin::Make(std::string_view function, const std::vector<Group>& references) {
  ReferenceJoin join(function);
  const Group* first = nullptr;
  for (const Group& reference : references) {
    metric::Labels key = KeyOf(reference.labels);
    std::vector<std::string> names = NamesOf(key);
    if (first == nullptr) {
      first = &reference;
      join.key_names_ = std::move(names);
    } else if (names != join.key_names_) {
      return base::Execution(
          fmt::format("{}: reference distributions must all have the same label names, found {} and {}; {}", function,
                      first->labels.ToString(), reference.labels.ToString(), kRemedy));
    }
    join.by_key_[std::move(key)].push_back(&reference);
  }
  return join;
}

const std::vector<const ReferenceJoin::Group*>& ReferenceJoin::Of(const metric::Labels& labels) const {
  static const std::vector<const Group*> kNoReference;
  const auto found = by_key_.find(KeepLabels(labels, key_names_));
  return found == by_key_.end() ? kNoReference : found->second;
}

base::Result<const ReferenceJoin::Group*> ReferenceJoin::At(const std::vector<const Group*>& candidates,
                                                            std::size_t step) const {
  const Group* found = nullptr;
  for (const Group* candidate : candidates) {
    if (!DistributionInput::PresentAt(*candidate, step)) continue;
    if (found != nullptr) {
      return base::Execution(fmt::format("{}: found two reference distributions for one key, {} and {}; {}", function_,
                                         found->labels.ToString(), candidate->labels.ToString(), kRemedy));
    }
    found = candidate;
  }
  return found;
}

}  // namespace bellwether::promql
