#include "promql/eval/match_slots.h"

#include <utility>

#include "promql/eval/label_sets.h"

namespace bellwether::promql {
namespace {

std::vector<std::string> MatchNames(const VectorMatching& matching) {
  std::vector<std::string> names = matching.labels;
  if (!matching.on) names.emplace_back(metric::kMetricName);
  return SortedNames(std::move(names));
}

}  // namespace

MatchSlots::MatchSlots(const VectorMatching& matching, LabelMemo* memo)
    : on_(matching.on), names_(MatchNames(matching)), memo_(memo) {}

std::size_t MatchSlots::SlotOf(const metric::Labels& labels) {
  metric::Labels group = memo_.Of(labels, [this](const metric::Labels& series) {
    return on_ ? KeepLabels(series, names_) : WithoutLabels(series, names_);
  });
  const auto [it, is_new] = slots_.try_emplace(std::move(group), groups_.size());
  if (is_new) {
    groups_.push_back(it->first);
    bytes_ += LabelKeyBytes(it->first);
  }
  return it->second;
}

std::vector<std::size_t> MatchSlots::SlotsOf(const Rows& rows) {
  std::vector<std::size_t> slots;
  slots.reserve(rows.size());
  for (const Row& row : rows) slots.push_back(SlotOf(row.labels));
  return slots;
}

}  // namespace bellwether::promql
