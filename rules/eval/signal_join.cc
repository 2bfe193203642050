#include "rules/eval/signal_join.h"

#include <algorithm>
#include <utility>

namespace bellwether::rules {
namespace {

metric::Labels Part(const metric::Labels& labels, std::span<const std::string> names) {
  return metric::LabelsBuilder(labels).KeepOnly(names).Build();
}

}  // namespace

LabelJoin::LabelJoin(std::span<const SeriesStanding> series, std::span<const std::string> match_on) {
  for (std::size_t i = 0; i < series.size(); ++i) {
    metric::Labels part = Part(series[i].labels, match_on);
    Choice choice;
    for (const auto& [name, value] : part) choice.emplace_back(name);
    if (choice.empty()) continue;
    if (choice.size() == match_on.size()) instances_.insert(part);
    by_choice_[std::move(choice)][std::move(part)].push_back(i);
  }
}

std::vector<std::size_t> LabelJoin::SeriesOf(const metric::Labels& instance) const {
  std::vector<std::size_t> numbers;
  for (const auto& [choice, series] : by_choice_) {
    const auto found = series.find(Part(instance, choice));
    if (found != series.end()) numbers.insert(numbers.end(), found->second.begin(), found->second.end());
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

IdentityJoin::IdentityJoin(std::span<const SeriesStanding> series) {
  for (std::size_t i = 0; i < series.size(); ++i) {
    series_.emplace(series[i].labels, i);
    instances_.insert(series[i].labels);
  }
}

std::vector<std::size_t> IdentityJoin::SeriesOf(const metric::Labels& instance) const {
  const auto found = series_.find(instance);
  return found == series_.end() ? std::vector<std::size_t>() : std::vector<std::size_t>{found->second};
}

TopologyJoin::TopologyJoin(std::span<const SeriesStanding> series, const Topology* topology) : topology_(topology) {
  for (std::size_t i = 0; i < series.size(); ++i) {
    for (const auto& [name, value] : series[i].labels) {
      by_component_[{std::string(name), std::string(value)}].push_back(i);
    }
  }
}

std::vector<std::size_t> TopologyJoin::SeriesOf(const metric::Labels& instance) const {
  std::set<std::size_t> numbers;
  if (topology_ == nullptr) return {};
  for (const metric::ComponentId& component : topology_->UpstreamOf(instance)) {
    const auto found = by_component_.find(component);
    if (found != by_component_.end()) numbers.insert(found->second.begin(), found->second.end());
  }
  return {numbers.begin(), numbers.end()};
}

}  // namespace bellwether::rules
