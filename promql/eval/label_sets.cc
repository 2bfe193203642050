#include "promql/eval/label_sets.h"

#include <algorithm>
#include <utility>

namespace bellwether::promql {
namespace {

bool IsMetadataLabel(std::string_view name) {
  return name == metric::kMetricName || name == metric::kTypeLabel || name == metric::kUnitLabel;
}

template <typename Keep>
metric::Labels FilterLabels(const metric::Labels& labels, Keep keep) {
  thread_local std::vector<metric::LabelView> kept;
  kept.clear();
  bool all = true;
  for (const metric::LabelView& pair : labels) {
    const bool stays = keep(pair.name);
    if (stays) kept.push_back(pair);
    all = all && stays;
  }
  return all ? labels : metric::Labels::FromSortedUnique(kept);
}

}  // namespace

std::vector<std::string> SortedNames(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

metric::Labels KeepLabels(const metric::Labels& labels, std::span<const std::string> sorted_names) {
  if (sorted_names.empty()) return {};
  return FilterLabels(labels, [&](std::string_view name) {
    return std::binary_search(sorted_names.begin(), sorted_names.end(), name);
  });
}

metric::Labels WithoutLabels(const metric::Labels& labels, std::span<const std::string> sorted_names) {
  return FilterLabels(labels, [&](std::string_view name) {
    return !std::binary_search(sorted_names.begin(), sorted_names.end(), name);
  });
}

metric::Labels WithoutMetadata(const metric::Labels& labels) {
  return FilterLabels(labels, [](std::string_view name) { return !IsMetadataLabel(name); });
}

bool HasMetadata(const metric::Labels& labels) {
  return std::any_of(labels.begin(), labels.end(), [](const metric::LabelView& p) { return IsMetadataLabel(p.name); });
}

std::uint64_t LabelKeyBytes(const metric::Labels& labels) {
  constexpr std::uint64_t kNode = 64;
  return 2 * (sizeof(metric::Labels) + labels.bytes().size()) + kNode;
}

}  // namespace bellwether::promql
