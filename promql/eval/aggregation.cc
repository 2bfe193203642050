#include "promql/eval/aggregation.h"

#include <utility>
#include <vector>

#include "promql/eval/folds.h"
#include "promql/eval/grouping.h"

namespace bellwether::promql {
namespace {

constexpr std::uint64_t kStepBytesMax = 32;  // Of a group, in the largest of the folds over floats.

class FoldingAggregate final : public VectorOperator {
 public:
  FoldingAggregate(const Aggregate& expr, const Grid& grid, VectorOperatorPtr input)
      : expr_(expr), grid_(grid), input_(std::move(input)) {}

  base::Status Run(QueryContext& context, const RowSink& sink) override {
    Grouping grouping(expr_);
    MemoRun memo(MemoOf(context, MemoRole::kGroup, expr_));
    const std::unique_ptr<Fold> fold = MakeFold(expr_, grid_.count, context);
    std::vector<bool> drop_name;
    BudgetHold hold(context.budget);
    const auto fold_row = [&](Row& row) -> base::Status {
      const std::uint64_t before = grouping.bytes();
      const std::size_t group = grouping.GroupOf(row.labels, memo);
      if (group == drop_name.size()) {
        drop_name.push_back(false);
        BW_RETURN_IF_ERROR(hold.Add(grid_.count, grid_.count * kStepBytesMax + grouping.bytes() - before));
      }
      if (row.drop_name) drop_name[group] = true;
      fold->Add(group, row);
      return base::OkStatus();
    };
    BW_RETURN_IF_ERROR(input_->Run(context, fold_row));
    Row out;
    for (std::size_t group = 0; group < grouping.count(); ++group) {
      out.Reset(grid_.count);
      fold->Finish(group, out);
      if (!out.AnyPresent()) continue;
      out.labels = grouping.labels(group);
      out.drop_name = drop_name[group];
      BW_RETURN_IF_ERROR(sink(out));
    }
    return base::OkStatus();
  }

 private:
  const Aggregate& expr_;  // Of the plan's tree, which outlives it.
  const Grid grid_;
  const VectorOperatorPtr input_;
};

}  // namespace

VectorOperatorPtr MakeFoldingAggregate(const Aggregate& expr, const Grid& grid, VectorOperatorPtr input) {
  return std::make_unique<FoldingAggregate>(expr, grid, std::move(input));
}

}  // namespace bellwether::promql
