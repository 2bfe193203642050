// promql/eval/label_sets.h
//
// Label sets derived from label sets, without a builder between: each walks the sorted pairs once.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "metric/labels.h"

namespace bellwether::promql {

// Sorted and unique.
[[nodiscard]] std::vector<std::string> SortedNames(std::vector<std::string> names);

// Keeps only, or removes, the given names. `sorted_names` as SortedNames gives them.
[[nodiscard]] metric::Labels KeepLabels(const metric::Labels& labels, std::span<const std::string> sorted_names);
[[nodiscard]] metric::Labels WithoutLabels(const metric::Labels& labels, std::span<const std::string> sorted_names);

// Without __name__, __type__ and __unit__: what a series is called after an operation that gives it another meaning.
[[nodiscard]] metric::Labels WithoutMetadata(const metric::Labels& labels);
[[nodiscard]] bool HasMetadata(const metric::Labels& labels);

// Of memory, for a label set that is the key of a hash map and stands in a list beside it.
[[nodiscard]] std::uint64_t LabelKeyBytes(const metric::Labels& labels);

}  // namespace bellwether::promql
