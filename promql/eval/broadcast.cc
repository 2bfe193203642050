#include "promql/eval/broadcast.h"

#include <utility>

namespace bellwether::promql {
namespace {

class BroadcastVector final : public VectorOperator {
 public:
  BroadcastVector(VectorOperatorPtr once, std::size_t steps) : once_(std::move(once)), steps_(steps) {}

  base::Status Run(QueryContext& context, const RowSink& sink) override {
    SampleCounts& outside = *context.counts;
    SampleCounts once(1, SampleCounts::Detail::kTotals);
    const CountingScope inside(context, once);
    Row wide;
    base::Status status = once_->Run(context, [&](Row& row) {
      const CountingScope above(context, outside);
      wide.Reset(steps_);
      wide.labels = std::move(row.labels);
      wide.drop_name = row.drop_name;
      for (std::size_t i = 0; i < steps_; ++i) wide.Take(i, row, 0);
      return sink(wide);
    });
    outside.MergeOnce(once, steps_);
    return status;
  }

 private:
  const VectorOperatorPtr once_;
  const std::size_t steps_;
};

class BroadcastScalar final : public ScalarOperator {
 public:
  BroadcastScalar(ScalarOperatorPtr once, std::size_t steps) : once_(std::move(once)), steps_(steps) {}

  base::Result<ScalarColumn> Evaluate(QueryContext& context) override {
    SampleCounts& outside = *context.counts;
    SampleCounts once(1, SampleCounts::Detail::kTotals);
    const CountingScope inside(context, once);
    BW_ASSIGN_OR_RETURN(const ScalarColumn column, once_->Evaluate(context));
    outside.MergeOnce(once, steps_);
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
