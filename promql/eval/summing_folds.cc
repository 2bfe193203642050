#include "promql/eval/summing_folds.h"

#include <map>
#include <utility>
#include <vector>

#include "promql/eval/histogram_sums.h"
#include "promql/eval/kahan.h"

namespace bellwether::promql {
namespace {

// Prometheus starts from the first value instead of adding it to zero, which keeps -0 and the sign of what follows.
struct FloatSum {
  KahanSum sum;
  bool seen = false;

  void Add(double v) {
    if (seen) {
      sum.Add(v);
    } else {
      sum.sum = v;
      seen = true;
    }
  }
  [[nodiscard]] double Result() const { return sum.Total(); }
};

struct FloatMean {
  KahanMean mean;
  bool seen = false;

  void Add(double v) {
    mean.Add(v);
    seen = true;
  }
  [[nodiscard]] double Result() const { return mean.Mean(); }
};

template <typename FloatState, typename HistogramState>
class SummingFold final : public Fold {
 public:
  SummingFold(std::size_t steps, PositionRange position, QueryContext& context)
      : steps_(steps), position_(position), context_(context) {}

  void Add(std::size_t group, const Row& row) override {
    while (groups_.size() <= group) groups_.push_back({std::vector<FloatState>(steps_), {}});
    Group& g = groups_[group];
    for (std::size_t i = 0; i < steps_; ++i) {
      if (row.cells[i] == Cell::kFloat) g.floats[i].Add(row.values[i]);
    }
    if (!row.has_histograms()) return;
    for (std::size_t i = 0; i < steps_; ++i) {
      if (row.cells[i] == Cell::kHistogram) AddHistogram(g, i, row);
    }
  }

  void Finish(std::size_t group, Row& out) override {
    Group& g = groups_[group];
    for (std::size_t i = 0; i < steps_; ++i) {
      if (g.floats[i].seen) out.SetFloat(i, g.floats[i].Result());
    }
    for (auto& [step, state] : g.histograms) {
      if (g.floats[step].seen) {
        context_.annotations.Add(MixedFloatsHistogramsInAggregation(position_));
        out.Clear(step);
        continue;
      }
      if (state.collision()) context_.annotations.Add(CounterResetCollision("aggregation", position_));
      if (HistogramPtr h = state.Result()) out.SetHistogram(step, std::move(h));
    }
  }

 private:
  struct Group {
    std::vector<FloatState> floats;
    std::map<std::size_t, HistogramState> histograms;  // By step.
  };

  void AddHistogram(Group& g, std::size_t step, const Row& row) {
    // With a float at this step already there will be no result, whatever is added.
    HistogramState& state = g.histograms[step];
    if (g.floats[step].seen) return;
    switch (state.Add(*row.histograms[step])) {
      case HistogramSumStep::kIncompatible:
        context_.annotations.Add(MixedExponentialCustom(row.labels.Name(), position_));
        break;
      case HistogramSumStep::kReconciled:
        context_.annotations.Add(MismatchedCustomBuckets("aggregation", position_));
        break;
      case HistogramSumStep::kPlain: break;
    }
  }

  const std::size_t steps_;
  const PositionRange position_;
  QueryContext& context_;
  std::vector<Group> groups_;
};

}  // namespace

std::unique_ptr<Fold> MakeSumFold(std::size_t steps, PositionRange position, QueryContext& context) {
  return std::make_unique<SummingFold<FloatSum, HistogramSum>>(steps, position, context);
}
std::unique_ptr<Fold> MakeAvgFold(std::size_t steps, PositionRange position, QueryContext& context) {
  return std::make_unique<SummingFold<FloatMean, HistogramMean>>(steps, position, context);
}

}  // namespace bellwether::promql
