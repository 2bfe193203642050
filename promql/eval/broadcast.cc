#include "promql/eval/broadcast.h"

#include <utility>

namespace bellwether::promql {
namespace {

class BroadcastVector final : public VectorOperator {
 public:
  BroadcastVector(VectorOperatorPtr once, std::size_t steps) : once_(std::move(once)), steps_(steps) {}

  base::Status Run(QueryContext& context, const RowSink& sink) override {
    const std::uint64_t before = context.queryable_samples;
    Row wide;
    BW_RETURN_IF_ERROR(once_->Run(context, [&](Row& row) {
      wide.Reset(steps_);
      wide.labels = std::move(row.labels);
      wide.drop_name = row.drop_name;
      for (std::size_t i = 0; i < steps_; ++i) wide.Take(i, row, 0);
      return sink(wide);
    }));
    // Every step looks at the samples; they are read once.
    context.queryable_samples += (context.queryable_samples - before) * (steps_ - 1);
    return base::OkStatus();
  }

 private:
  const VectorOperatorPtr once_;
  const std::size_t steps_;
};

class BroadcastScalar final : public ScalarOperator {
 public:
  BroadcastScalar(ScalarOperatorPtr once, std::size_t steps) : once_(std::move(once)), steps_(steps) {}

  base::Result<ScalarColumn> Evaluate(QueryContext& context) override {
    BW_ASSIGN_OR_RETURN(const ScalarColumn column, once_->Evaluate(context));
    return ScalarColumn(steps_, column[0]);
  }

 private:
  const ScalarOperatorPtr once_;
  const std::size_t steps_;
};

}  // namespace

VectorOperatorPtr MakeBroadcast(VectorOperatorPtr once, std::size_t steps) {
  return std::make_unique<BroadcastVector>(std::move(once), steps);
}
ScalarOperatorPtr MakeBroadcast(ScalarOperatorPtr once, std::size_t steps) {
  return std::make_unique<BroadcastScalar>(std::move(once), steps);
}

}  // namespace bellwether::promql
