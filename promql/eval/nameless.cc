#include "promql/eval/nameless.h"

#include <utility>

#include "promql/eval/label_memo.h"
#include "promql/eval/label_sets.h"
#include "promql/eval/unique_rows.h"

namespace bellwether::promql {

base::Status ProduceNameless(QueryContext& context, const Expr& node, const RowSink& sink,
                             const std::function<base::Status(const RowSink&)>& produce) {
  if (context.flags.delayed_name_removal) {
    return produce([&](Row& row) {
      row.drop_name = true;
      return sink(row);
    });
  }
  Rows rows;
  MemoRun memo(MemoOf(context, MemoRole::kNameless, node));
  BudgetHold hold(context.budget);
  const RowSink take = [&](Row& row) -> base::Status {
    BW_RETURN_IF_ERROR(hold.Add(row));
    row.drop_name = true;
    row.labels = memo.Of(row.labels, WithoutMetadata);
    rows.push_back(std::move(row));
    return base::OkStatus();
  };
  BW_RETURN_IF_ERROR(produce(take));
  return PushMerged(std::move(rows), sink);
}

base::Status PushMerged(Rows rows, const RowSink& sink) {
  BW_RETURN_IF_ERROR(MergeEqualRows(rows, Overlap::kAtStep));
  for (Row& row : rows) BW_RETURN_IF_ERROR(sink(row));
  return base::OkStatus();
}

}  // namespace bellwether::promql
