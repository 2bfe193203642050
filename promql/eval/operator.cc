#include "promql/eval/operator.h"

#include <utility>

namespace bellwether::promql {

base::Result<CollectedRows> Collect(QueryContext& context, VectorOperator& op) {
  CollectedRows all{{}, BudgetHold(context.budget)};
  const base::Status status = op.Run(context, [&](Row& row) -> base::Status {
    BW_RETURN_IF_ERROR(all.hold.Add(row));
    all.rows.push_back(std::move(row));
    return base::OkStatus();
  });
  if (!status.ok()) return status;
  return all;
}

}  // namespace bellwether::promql
