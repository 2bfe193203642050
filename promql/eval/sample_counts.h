// promql/eval/sample_counts.h
//
// How many samples a query looks at, by Prometheus's rules: a histogram counts by its size. "Looked at" are all samples
// of all windows of all steps; "read" are those that no step before had in its window. What happens inside of a
// subquery or of a part that does not depend on the step is counted apart and merged.
//
// Source: Prometheus util/stats/query_stats.go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"
#include "promql/eval/grid.h"
#include "promql/eval/row.h"

namespace bellwether::promql {

class SampleCounts {
 public:
  enum class Detail : unsigned char { kTotals, kByStep };

  SampleCounts(std::size_t steps, Detail detail)
      : looked_by_step_(detail == Detail::kByStep ? steps : 0), read_by_step_(looked_by_step_.size()) {}

  void Add(std::size_t step, std::uint64_t looked, std::uint64_t read) {
    AddTotals(looked, read);
    if (by_step()) AddByStep(step, looked, read);
  }
  // The two parts of Add, for loops that add up their totals themselves.
  void AddTotals(std::uint64_t looked, std::uint64_t read) {
    looked_ += looked;
    read_ += read;
  }
  void AddByStep(std::size_t step, std::uint64_t looked, std::uint64_t read) {
    looked_by_step_[step] += looked;
    read_by_step_[step] += read;
  }
  // Each cell is a sample of its step.
  void AddCells(const Row& row);

  // What does not depend on the step: every one of `steps` looks at it, it is read once.
  void MergeOnce(const SampleCounts& once, std::size_t steps);
  // A subquery on `grid`, whose points steps of `outer` look at in windows that end `offset` before them and are
  // `range` long. What it looks at is not counted here, for the windows are; points that fall between windows do not
  // count as read.
  void MergeSubquery(const SampleCounts& inner, const Grid& grid, const Grid& outer, base::DurationMs offset,
                     base::DurationMs range);

  [[nodiscard]] bool by_step() const { return !looked_by_step_.empty(); }
  [[nodiscard]] std::uint64_t looked() const { return looked_; }
  [[nodiscard]] std::uint64_t read() const { return read_; }
  // What the insides of subqueries looked at.
  [[nodiscard]] std::uint64_t looked_in_subqueries() const { return looked_in_subqueries_; }
  // Empty without that detail.
  [[nodiscard]] const std::vector<std::uint64_t>& looked_by_step() const { return looked_by_step_; }
  [[nodiscard]] const std::vector<std::uint64_t>& read_by_step() const { return read_by_step_; }

 private:
  std::uint64_t looked_ = 0;
  std::uint64_t read_ = 0;
  std::uint64_t looked_in_subqueries_ = 0;
  std::vector<std::uint64_t> looked_by_step_;
  std::vector<std::uint64_t> read_by_step_;
};

}  // namespace bellwether::promql
