// promql/eval/grouping.h
//
// by and without: from a series' labels to its group, a small integer, computed once a series.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "metric/labels.h"
#include "promql/eval/label_memo.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {

class Grouping {
 public:
  // `extra`: one more label to group by (count_values), if not empty; not added to `without`.
  explicit Grouping(const Aggregate& expr, std::string_view extra = {});

  [[nodiscard]] metric::Labels LabelsOf(const metric::Labels& series) const;
  // Groups are numbered in order of first appearance. `memo`: of role kGroup.
  [[nodiscard]] std::size_t GroupOf(const metric::Labels& series, MemoRun& memo);

  [[nodiscard]] std::size_t count() const { return labels_.size(); }
  // Of memory, for all groups.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] const metric::Labels& labels(std::size_t group) const { return labels_[group]; }

 private:
  const bool without_;
  const std::vector<std::string> names_;
  std::unordered_map<metric::Labels, std::size_t, metric::LabelsHash> groups_;
  std::vector<metric::Labels> labels_;
  std::uint64_t bytes_ = 0;
};

}  // namespace bellwether::promql
