// promql/eval/match_slots.h
//
// Which series of two vectors belong together: series whose match-group labels are equal share a slot, a small integer.
// Computed once a query; nothing is looked up per step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "metric/labels.h"
#include "promql/eval/label_memo.h"
#include "promql/eval/row.h"
#include "promql/parser/ast.h"

namespace bellwether::promql {

class MatchSlots {
 public:
  // `memo`: of role kMatch.
  MatchSlots(const VectorMatching& matching, LabelMemo* memo);

  // The slot of a label set; new groups get the next number.
  [[nodiscard]] std::size_t SlotOf(const metric::Labels& labels);
  [[nodiscard]] std::vector<std::size_t> SlotsOf(const Rows& rows);

  [[nodiscard]] std::size_t count() const { return groups_.size(); }
  // Of memory, for all slots.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  // The match-group labels of a slot.
  [[nodiscard]] const metric::Labels& GroupOf(std::size_t slot) const { return groups_[slot]; }

 private:
  const bool on_;
  const std::vector<std::string> names_;  // Kept (on) or removed (ignoring, with __name__).
  std::unordered_map<metric::Labels, std::size_t, metric::LabelsHash> slots_;
  std::vector<metric::Labels> groups_;
  std::uint64_t bytes_ = 0;
  MemoRun memo_;
};

}  // namespace bellwether::promql
