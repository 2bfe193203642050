#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "promql/eval/aggregation.h"
#include "promql/eval/grouping.h"
#include "promql/eval/quantile.h"

namespace bellwether::promql {
namespace {

class QuantileAggregate final : public VectorOperator {
 public:
  QuantileAggregate(const Aggregate& expr, const Grid& grid, VectorOperatorPtr input, ScalarOperatorPtr quantile)
      : expr_(expr), grid_(grid), input_(std::move(input)), quantile_(std::move(quantile)) {}

  base::Status Run(QueryContext& context, const RowSink& sink) override {
    BW_ASSIGN_OR_RETURN(const ScalarColumn q, quantile_->Evaluate(context));
    NoteInvalid(context, q);
    BW_ASSIGN_OR_RETURN(const CollectedRows all, Collect(context, *input_));
    Grouping grouping(expr_);
    MemoRun memo(MemoOf(context, MemoRole::kGroup, expr_));
    std::vector<std::vector<const Row*>> members;
    for (const Row& row : all.rows) {
      const std::size_t group = grouping.GroupOf(row.labels, memo);
      if (group == members.size()) members.emplace_back();
      members[group].push_back(&row);
      NoteHistograms(context, row);
    }
    for (std::size_t group = 0; group < members.size(); ++group) {
      BW_RETURN_IF_ERROR(context.CheckAlive());
      BW_RETURN_IF_ERROR(PushGroup(grouping.labels(group), members[group], q, sink));
    }
    return base::OkStatus();
  }

 private:
  // Once for values that are too great and once for those too small, over all steps.
  void NoteInvalid(QueryContext& context, const ScalarColumn& q) const {
    const PositionRange at = Unwrap(*expr_.param).position;
    const auto [low, high] = std::minmax_element(q.begin(), q.end(), [](double a, double b) { return a < b; });
    const auto nan = std::find_if(q.begin(), q.end(), [](double v) { return std::isnan(v); });
    if (nan != q.end()) context.annotations.Add(InvalidQuantile(*nan, at));
    if (*high > 1) context.annotations.Add(InvalidQuantile(*high, at));
    if (*low < 0) context.annotations.Add(InvalidQuantile(*low, at));
  }

  void NoteHistograms(QueryContext& context, const Row& row) const {
    if (!row.has_histograms() || std::find(row.cells.begin(), row.cells.end(), Cell::kHistogram) == row.cells.end())
      return;
    context.annotations.Add(HistogramIgnoredInAggregation("quantile", Unwrap(*expr_.expr).position));
  }

  base::Status PushGroup(const metric::Labels& labels, const std::vector<const Row*>& members, const ScalarColumn& q,
                         const RowSink& sink) const {
    Row out(grid_.count);
    std::vector<double> values;
    for (std::size_t i = 0; i < grid_.count; ++i) {
      values.clear();
      for (const Row* row : members) {
        if (row->cells[i] == Cell::kFloat) values.push_back(row->values[i]);
      }
      if (!values.empty()) out.SetFloat(i, Quantile(q[i], values));
    }
    if (!out.AnyPresent()) return base::OkStatus();
    out.labels = labels;
    out.drop_name = std::any_of(members.begin(), members.end(), [](const Row* row) { return row->drop_name; });
    return sink(out);
  }

  const Aggregate& expr_;  // Of the plan's tree, which outlives it.
  const Grid grid_;
  const VectorOperatorPtr input_;
  const ScalarOperatorPtr quantile_;
};

}  // namespace

VectorOperatorPtr MakeQuantileAggregate(const Aggregate& expr, const Grid& grid, VectorOperatorPtr input,
                                        ScalarOperatorPtr quantile) {
  return std::make_unique<QuantileAggregate>(expr, grid, std::move(input), std::move(quantile));
}

}  // namespace bellwether::promql
