#include "promql/eval/set_operators.h"

#include <utility>
#include <vector>

#include "promql/eval/match_slots.h"
#include "promql/eval/nameless.h"

namespace bellwether::promql {
namespace {

// For each slot and step, whether any row of a vector is present.
class SlotPresence {
 public:
  explicit SlotPresence(std::size_t steps) : steps_(steps) {}

  void Add(std::size_t slot, const Row& row) {
    if ((slot + 1) * steps_ > present_.size()) present_.resize((slot + 1) * steps_);
    for (std::size_t i = 0; i < steps_; ++i) {
      if (row.Present(i)) present_[slot * steps_ + i] = 1;
    }
  }
  [[nodiscard]] bool At(std::size_t slot, std::size_t step) const {
    const std::size_t i = slot * steps_ + step;
    return i < present_.size() && present_[i] != 0;
  }

 private:
  const std::size_t steps_;
  std::vector<unsigned char> present_;
};

class SetOperator final : public VectorOperator {
 public:
  SetOperator(const Binary& expr, const Grid& grid, VectorOperatorPtr lhs, VectorOperatorPtr rhs)
      : expr_(expr),
        op_(expr.op),
        matching_(*expr.matching),
        steps_(grid.count),
        lhs_(std::move(lhs)),
        rhs_(std::move(rhs)) {}

  base::Status Run(QueryContext& context, const RowSink& sink) override {
    return op_ == BinaryOp::kOr ? RunOr(context, sink) : RunFilter(context, sink, op_ == BinaryOp::kAnd);
  }

 private:
  // and keeps the left cells that have company on the right, unless those that have none.
  base::Status RunFilter(QueryContext& context, const RowSink& sink, bool keep_matched) {
    MatchSlots slots(matching_, MemoOf(context, MemoRole::kMatch, expr_));
    SlotPresence right(steps_);
    BudgetHold hold(context.budget);
    base::Status noted = rhs_->Run(context, [&](Row& row) -> base::Status {
      const std::uint64_t before = slots.bytes();
      const std::size_t slot = slots.SlotOf(row.labels);
      if (slots.bytes() > before) BW_RETURN_IF_ERROR(hold.Add(0, slots.bytes() - before + steps_));
      right.Add(slot, row);
      return base::OkStatus();
    });
    if (!noted.ok()) return noted;
    return lhs_->Run(context, [&](Row& row) -> base::Status {
      const std::size_t slot = slots.SlotOf(row.labels);
      for (std::size_t i = 0; i < steps_; ++i) {
        if (right.At(slot, i) != keep_matched) row.Clear(i);
      }
      return row.AnyPresent() ? sink(row) : base::OkStatus();
    });
  }

  base::Status RunOr(QueryContext& context, const RowSink& sink) {
    MatchSlots slots(matching_, MemoOf(context, MemoRole::kMatch, expr_));
    SlotPresence left(steps_);
    BW_ASSIGN_OR_RETURN(CollectedRows all, Collect(context, *lhs_));
    for (const Row& row : all.rows) left.Add(slots.SlotOf(row.labels), row);
    BW_RETURN_IF_ERROR(all.hold.Add(0, slots.bytes() + slots.count() * steps_));
    const auto add_unmatched = [&](Row& row) -> base::Status {
      const std::size_t slot = slots.SlotOf(row.labels);
      for (std::size_t i = 0; i < steps_; ++i) {
        if (left.At(slot, i)) row.Clear(i);
      }
      if (!row.AnyPresent()) return base::OkStatus();
      BW_RETURN_IF_ERROR(all.hold.Add(row));
      all.rows.push_back(std::move(row));
      return base::OkStatus();
    };
    BW_RETURN_IF_ERROR(rhs_->Run(context, add_unmatched));
    return PushMerged(std::move(all.rows), sink);
  }

  const Binary& expr_;  // Of the plan's tree, which outlives it.
  const BinaryOp op_;
  const VectorMatching matching_;
  const std::size_t steps_;
  const VectorOperatorPtr lhs_;
  const VectorOperatorPtr rhs_;
};

}  // namespace

VectorOperatorPtr MakeSetOperator(const Binary& expr, const Grid& grid, VectorOperatorPtr lhs, VectorOperatorPtr rhs) {
  return std::make_unique<SetOperator>(expr, grid, std::move(lhs), std::move(rhs));
}

}  // namespace bellwether::promql
