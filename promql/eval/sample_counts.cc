#include "promql/eval/sample_counts.h"

#include <algorithm>

namespace bellwether::promql {

void SampleCounts::AddCells(const Row& row) {
  const std::uint64_t n = SamplesIn(row);
  AddTotals(n, n);
  if (!by_step()) return;
  for (std::size_t i = 0; i < row.steps(); ++i) {
    if (!row.Present(i)) continue;
    const std::uint64_t weight = row.cells[i] == Cell::kFloat ? 1 : SamplesIn(*row.histograms[i]);
    AddByStep(i, weight, weight);
  }
}

void SampleCounts::MergeOnce(const SampleCounts& once, std::size_t steps) {
  for (std::size_t i = 0; i < steps; ++i) Add(i, once.looked(), i == 0 ? once.read() : 0);
  looked_in_subqueries_ += once.looked_in_subqueries();
}

void SampleCounts::MergeSubquery(const SampleCounts& inner, const Grid& grid, const Grid& outer,
                                 base::DurationMs offset, base::DurationMs range) {
  looked_in_subqueries_ += inner.looked();
  if (outer.count <= 1) return Add(0, 0, inner.read());
  for (std::size_t i = 0; i < inner.read_by_step().size(); ++i) {
    const std::int64_t seen_at = (grid.At(i) + offset).ms;
    const std::int64_t after = std::max<std::int64_t>(seen_at - outer.start.ms, 0);
    const auto first = static_cast<std::size_t>((after + outer.step.ms - 1) / outer.step.ms);
    const std::size_t step = std::min(first, outer.count - 1);
    if (seen_at > (outer.At(step) - range).ms) Add(step, 0, inner.read_by_step()[i]);
  }
}

}  // namespace bellwether::promql
