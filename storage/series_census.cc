#include "storage/series_census.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "storage/largest_counts.h"

namespace bellwether::storage {
namespace {

std::uint64_t CountMissing(const std::unordered_set<std::uint64_t>& of, const std::unordered_set<std::uint64_t>& in) {
  return static_cast<std::uint64_t>(std::count_if(of.begin(), of.end(), [&](auto hash) { return !in.contains(hash); }));
}

}  // namespace

void SeriesCensus::BeginWindow() {
  is_first_ = all_.empty();
  before_ = std::exchange(window_, {});
}

void SeriesCensus::Add(const metric::Labels& labels) {
  const std::uint64_t hash = metric::LabelsHash()(labels);
  window_.insert(hash);
  if (!all_.insert(hash).second) return;
  ++by_metric_[std::string(labels.Name())];
  for (const metric::LabelView& label : labels) {
    std::string name(label.name);
    ++by_label_[name];
    if (++by_pair_[fmt::format("{}={}", label.name, label.value)] == 1) ++values_[std::move(name)];
  }
}

std::uint64_t SeriesCensus::came() const { return is_first_ ? 0 : CountMissing(window_, before_); }
std::uint64_t SeriesCensus::went() const { return is_first_ ? 0 : CountMissing(before_, window_); }

void SeriesCensus::AddTo(CardinalityReport& report, std::size_t limit) const {
  report.series = all_.size();
  report.label_pairs = by_pair_.size();
  report.series_by_metric = LargestOf(by_metric_, limit);
  report.series_by_label = LargestOf(by_label_, limit);
  report.values_by_label = LargestOf(values_, limit);
  report.series_by_label_pair = LargestOf(by_pair_, limit);
}

}  // namespace bellwether::storage
