#include "promql/eval/folds.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "promql/eval/kahan.h"
#include "promql/eval/summing_folds.h"

namespace bellwether::promql {
namespace {

// Columns of State, one a group, grown as groups appear.
template <typename State>
class GroupColumns {
 public:
  explicit GroupColumns(std::size_t steps) : steps_(steps) {}
  std::vector<State>& Of(std::size_t group) {
    while (columns_.size() <= group) columns_.emplace_back(steps_);
    return columns_[group];
  }

 private:
  const std::size_t steps_;
  std::vector<std::vector<State>> columns_;
};

class CountFold final : public Fold {
 public:
  explicit CountFold(std::size_t steps) : counts_(steps) {}
  void Add(std::size_t group, const Row& row) override {
    auto& counts = counts_.Of(group);
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += row.Present(i) ? 1 : 0;
  }
  void Finish(std::size_t group, Row& out) override {
    const auto& counts = counts_.Of(group);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] > 0) out.SetFloat(i, static_cast<double>(counts[i]));
    }
  }

 private:
  GroupColumns<std::uint64_t> counts_;
};

class GroupFold final : public Fold {
 public:
  explicit GroupFold(std::size_t steps) : seen_(steps) {}
  void Add(std::size_t group, const Row& row) override {
    auto& seen = seen_.Of(group);
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (row.Present(i)) seen[i] = 1;
    }
  }
  void Finish(std::size_t group, Row& out) override {
    const auto& seen = seen_.Of(group);
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (seen[i] != 0) out.SetFloat(i, 1);
    }
  }

 private:
  GroupColumns<unsigned char> seen_;
};

// Says, once, that histograms were passed over.
class IgnoredHistograms {
 public:
  IgnoredHistograms(std::string_view op, PositionRange position, QueryContext& context)
      : op_(op), position_(position), context_(context) {}
  void Look(const Row& row) {
    if (noted_ || !row.has_histograms()) return;
    for (const Cell cell : row.cells) {
      if (cell != Cell::kHistogram) continue;
      context_.annotations.Add(HistogramIgnoredInAggregation(op_, position_));
      noted_ = true;
      return;
    }
  }

 private:
  const std::string_view op_;
  const PositionRange position_;
  QueryContext& context_;
  bool noted_ = false;
};

// min and max: any number beats NaN.
template <typename Better>
class ExtremeFold final : public Fold {
 public:
  ExtremeFold(std::size_t steps, IgnoredHistograms ignored) : best_(steps), ignored_(ignored) {}
  void Add(std::size_t group, const Row& row) override {
    ignored_.Look(row);
    auto& best = best_.Of(group);
    for (std::size_t i = 0; i < best.size(); ++i) {
      if (row.cells[i] != Cell::kFloat) continue;
      const double v = row.values[i];
      if (!best[i].seen || Better()(v, best[i].value) || std::isnan(best[i].value)) best[i] = {v, true};
    }
  }
  void Finish(std::size_t group, Row& out) override {
    const auto& best = best_.Of(group);
    for (std::size_t i = 0; i < best.size(); ++i) {
      if (best[i].seen) out.SetFloat(i, best[i].value);
    }
  }

 private:
  struct Best {
    double value = 0;
    bool seen = false;
  };
  GroupColumns<Best> best_;
  IgnoredHistograms ignored_;
};

// Welford's variance of the population.
class VarianceFold final : public Fold {
 public:
  VarianceFold(std::size_t steps, bool square_root, IgnoredHistograms ignored)
      : states_(steps), square_root_(square_root), ignored_(ignored) {}
  void Add(std::size_t group, const Row& row) override {
    ignored_.Look(row);
    auto& states = states_.Of(group);
    for (std::size_t i = 0; i < states.size(); ++i) {
      if (row.cells[i] == Cell::kFloat) AddValue(states[i], row.values[i]);
    }
  }
  void Finish(std::size_t group, Row& out) override {
    const auto& states = states_.Of(group);
    for (std::size_t i = 0; i < states.size(); ++i) {
      if (states[i].count == 0) continue;
      const double variance = states[i].squares / states[i].count;
      out.SetFloat(i, square_root_ ? std::sqrt(variance) : variance);
    }
  }

 private:
  struct State {
    double count = 0;
    double mean = 0;
    double squares = 0;  // Sum of squared distances from the mean.
  };

  static void AddValue(State& s, double v) {
    s.count += 1;
    if (s.count == 1) {
      s.mean = v;
      if (!std::isfinite(v)) s.squares = std::numeric_limits<double>::quiet_NaN();
      return;
    }
    const double delta = v - s.mean;
    s.mean += delta / s.count;
    s.squares += delta * (v - s.mean);
  }

  GroupColumns<State> states_;
  const bool square_root_;
  IgnoredHistograms ignored_;
};

}  // namespace

std::unique_ptr<Fold> MakeFold(const Aggregate& expr, std::size_t steps, QueryContext& context) {
  const PositionRange position = Unwrap(*expr.expr).position;
  const IgnoredHistograms ignored(AggregateOpText(expr.op), position, context);
  switch (expr.op) {
    case AggregateOp::kAvg: return MakeAvgFold(steps, position, context);
    case AggregateOp::kCount: return std::make_unique<CountFold>(steps);
    case AggregateOp::kGroup: return std::make_unique<GroupFold>(steps);
    case AggregateOp::kMin: return std::make_unique<ExtremeFold<std::less<>>>(steps, ignored);
    case AggregateOp::kMax: return std::make_unique<ExtremeFold<std::greater<>>>(steps, ignored);
    case AggregateOp::kStddev: return std::make_unique<VarianceFold>(steps, true, ignored);
    case AggregateOp::kStdvar: return std::make_unique<VarianceFold>(steps, false, ignored);
    default: return MakeSumFold(steps, position, context);
  }
}

}  // namespace bellwether::promql
