#include "promql/eval/call_operators.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "promql/eval/label_memo.h"
#include "promql/eval/label_sets.h"

namespace bellwether::promql {
namespace {

class RangeCallOperator final : public VectorOperator {
 public:
  explicit RangeCallOperator(RangeCallPlan plan) : plan_(std::move(plan)) {}

  base::Status Run(QueryContext& context, const RowSink& sink) override {
    RangeCall call{.context = context,
                   .window = plan_.range->window(),
                   .from_storage = plan_.range->from_storage(),
                   .scalars = {},
                   .scalar_positions = plan_.scalar_positions,
                   .position = plan_.position,
                   .anchored = plan_.anchored,
                   .smoothed = plan_.smoothed};
    for (const ScalarOperatorPtr& scalar : plan_.scalars) {
      BW_ASSIGN_OR_RETURN(ScalarColumn column, scalar->Evaluate(context));
      call.scalars.push_back(std::move(column));
    }
    const bool delayed = context.flags.delayed_name_removal;
    const bool drops_name = plan_.function->name_rule == NameRule::kDrop;
    std::vector<std::uint64_t> nameless;  // Hashes of label sets without their names: each may come once.
    MemoRun memo(drops_name && !delayed ? MemoOf(context, MemoRole::kNameless, *plan_.expr) : nullptr);
    Row row;
    base::Status ran = plan_.range->Run(context, [&](SeriesSamples& series) -> base::Status {
      row.Reset(call.window.grid.count);
      BW_RETURN_IF_ERROR(plan_.function->kernel(call, series, row));
      if (!row.AnyPresent()) return base::OkStatus();
      row.labels = std::move(series.labels);
      row.drop_name = series.drop_name;
      if (drops_name) row.drop_name = true;
      if (drops_name && !delayed) {
        row.labels = memo.Of(row.labels, WithoutMetadata);
        nameless.push_back(row.labels.Hash());
      }
      return sink(row);
    });
    BW_RETURN_IF_ERROR(std::move(ran));
    std::sort(nameless.begin(), nameless.end());
    const bool all_differ = std::adjacent_find(nameless.begin(), nameless.end()) == nameless.end();
    return all_differ ? base::OkStatus() : SameLabelsetError();
  }

 private:
  const RangeCallPlan plan_;
};

class VectorCallOperator final : public VectorOperator {
 public:
  VectorCallOperator(BoundVectorFunction function, FunctionCall call)
      : function_(std::move(function)), call_(std::move(call)) {}
  base::Status Run(QueryContext& context, const RowSink& sink) override { return function_(call_, context, sink); }

 private:
  const BoundVectorFunction function_;
  FunctionCall call_;
};

class ScalarCallOperator final : public ScalarOperator {
 public:
  ScalarCallOperator(ScalarFunction function, FunctionCall call) : function_(function), call_(std::move(call)) {}
  base::Result<ScalarColumn> Evaluate(QueryContext& context) override { return function_(call_, context); }

 private:
  const ScalarFunction function_;
  FunctionCall call_;
};

}  // namespace

VectorOperatorPtr MakeRangeCall(RangeCallPlan plan) { return std::make_unique<RangeCallOperator>(std::move(plan)); }

VectorOperatorPtr MakeVectorCall(BoundVectorFunction function, FunctionCall call) {
  return std::make_unique<VectorCallOperator>(std::move(function), std::move(call));
}

ScalarOperatorPtr MakeScalarCall(ScalarFunction function, FunctionCall call) {
  return std::make_unique<ScalarCallOperator>(function, std::move(call));
}

}  // namespace bellwether::promql
