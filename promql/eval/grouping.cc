#include "promql/eval/grouping.h"

#include <utility>

#include "promql/eval/label_sets.h"

namespace bellwether::promql {
namespace {

std::vector<std::string> GroupingNames(const Aggregate& expr, std::string_view extra) {
  std::vector<std::string> names = expr.grouping;
  if (expr.without) {
    names.emplace_back(metric::kMetricName);
  } else if (!extra.empty()) {
    names.emplace_back(extra);
  }
  return SortedNames(std::move(names));
}

}  // namespace

Grouping::Grouping(const Aggregate& expr, std::string_view extra)
    : without_(expr.without), names_(GroupingNames(expr, extra)) {}

metric::Labels Grouping::LabelsOf(const metric::Labels& series) const {
  return without_ ? WithoutLabels(series, names_) : KeepLabels(series, names_);
}

std::size_t Grouping::GroupOf(const metric::Labels& series, MemoRun& memo) {
  const auto labels_of = [this](const metric::Labels& labels) { return LabelsOf(labels); };
  const auto [it, is_new] = groups_.try_emplace(memo.Of(series, labels_of), labels_.size());
  if (is_new) {
    labels_.push_back(it->first);
    bytes_ += LabelKeyBytes(it->first);
  }
  return it->second;
}

}  // namespace bellwether::promql
