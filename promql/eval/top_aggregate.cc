#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "promql/eval/aggregation.h"
#include "promql/eval/count_parameter.h"
#include "promql/eval/grouping.h"

namespace bellwether::promql {
namespace {

class TopAggregate final : public VectorOperator {
 public:
  TopAggregate(const Aggregate& expr, const Grid& grid, VectorOperatorPtr input, ScalarOperatorPtr k)
      : expr_(expr), grid_(grid), input_(std::move(input)), k_(std::move(k)) {}

  base::Status Run(QueryContext& context, const RowSink& sink) override {
    BW_ASSIGN_OR_RETURN(const ScalarColumn k, k_->Evaluate(context));
    BW_ASSIGN_OR_RETURN(CollectedRows all, Collect(context, *input_));
    BW_ASSIGN_OR_RETURN(const std::vector<std::size_t> counts, CountsOf(k, all.rows.size()));
    if (counts.empty()) return base::OkStatus();
    std::vector<std::size_t> order;  // Rows with a result, for one step in the order of the result.
    std::vector<std::vector<bool>> kept(all.rows.size());
    for (const std::vector<std::size_t>& group : GroupRows(context, all.rows)) {
      BW_RETURN_IF_ERROR(context.CheckAlive());
      for (std::size_t i = 0; i < grid_.count; ++i) KeepTop(all.rows, group, i, counts[i], kept, order);
    }
    if (grid_.count > 1) std::sort(order.begin(), order.end());
    for (const std::size_t r : order) {
      Row& row = all.rows[r];
      for (std::size_t i = 0; i < grid_.count; ++i) {
        if (!kept[r][i]) row.Clear(i);
      }
      BW_RETURN_IF_ERROR(sink(row));
    }
    return base::OkStatus();
  }

 private:
  std::vector<std::vector<std::size_t>> GroupRows(QueryContext& context, const Rows& rows) const {
    Grouping grouping(expr_);
    MemoRun memo(MemoOf(context, MemoRole::kGroup, expr_));
    std::vector<std::vector<std::size_t>> groups;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const std::size_t group = grouping.GroupOf(rows[r].labels, memo);
      if (group == groups.size()) groups.emplace_back();
      groups[group].push_back(r);
      if (rows[r].has_histograms() &&
          std::find(rows[r].cells.begin(), rows[r].cells.end(), Cell::kHistogram) != rows[r].cells.end()) {
        context.annotations.Add(HistogramIgnoredInAggregation(AggregateOpText(expr_.op), expr_.position));
      }
    }
    return groups;
  }

  // Whether x stands before y in the result; NaN is last.
  bool Before(double x, double y) const {
    if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);
    return expr_.op == AggregateOp::kTopk ? x > y : x < y;
  }

  void KeepTop(const Rows& rows, const std::vector<std::size_t>& group, std::size_t step, std::size_t count,
               std::vector<std::vector<bool>>& kept, std::vector<std::size_t>& order) const {
    std::vector<std::size_t> present;
    for (const std::size_t r : group) {
      if (rows[r].cells[step] == Cell::kFloat) present.push_back(r);
    }
    const std::size_t n = std::min(count, present.size());
    const auto before = [&](std::size_t a, std::size_t b) {
      const double x = rows[a].values[step];
      const double y = rows[b].values[step];
      if (Before(x, y)) return true;
      return !Before(y, x) && a < b;  // Of equal values the earlier series.
    };
    std::partial_sort(present.begin(), present.begin() + static_cast<std::ptrdiff_t>(n), present.end(), before);
    for (std::size_t j = 0; j < n; ++j) {
      std::vector<bool>& steps = kept[present[j]];
      if (steps.empty()) {
        steps.resize(grid_.count);
        order.push_back(present[j]);
      }
      steps[step] = true;
    }
  }

  const Aggregate& expr_;  // Of the plan's tree, which outlives it.
  const Grid grid_;
  const VectorOperatorPtr input_;
  const ScalarOperatorPtr k_;
};

}  // namespace

VectorOperatorPtr MakeTopAggregate(const Aggregate& expr, const Grid& grid, VectorOperatorPtr input,
                                   ScalarOperatorPtr k) {
  return std::make_unique<TopAggregate>(expr, grid, std::move(input), std::move(k));
}

}  // namespace bellwether::promql
