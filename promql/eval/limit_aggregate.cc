#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "promql/eval/aggregation.h"
#include "promql/eval/count_parameter.h"
#include "promql/eval/grouping.h"

namespace bellwether::promql {
namespace {

// limitk: at each step the first k elements of each group.
class LimitK final : public VectorOperator {
 public:
  LimitK(const Aggregate& expr, const Grid& grid, VectorOperatorPtr input, ScalarOperatorPtr k)
      : expr_(expr), grid_(grid), input_(std::move(input)), k_(std::move(k)) {}

  base::Status Run(QueryContext& context, const RowSink& sink) override {
    BW_ASSIGN_OR_RETURN(const ScalarColumn k, k_->Evaluate(context));
    BW_ASSIGN_OR_RETURN(const std::vector<std::size_t> counts, CountsOf(k, static_cast<std::size_t>(-1)));
    if (counts.empty()) return input_->Run(context, [](Row&) { return base::OkStatus(); });
    Grouping grouping(expr_);
    MemoRun memo(MemoOf(context, MemoRole::kGroup, expr_));
    std::vector<std::vector<std::size_t>> taken;  // Elements of each group so far, by step.
    BudgetHold hold(context.budget);
    return input_->Run(context, [&](Row& row) -> base::Status {
      const std::uint64_t before = grouping.bytes();
      const std::size_t group = grouping.GroupOf(row.labels, memo);
      if (group == taken.size()) {
        BW_RETURN_IF_ERROR(hold.Add(0, grid_.count * sizeof(std::size_t) + grouping.bytes() - before));
        taken.emplace_back(grid_.count);
      }
      bool any = false;
      for (std::size_t i = 0; i < grid_.count; ++i) {
        if (!row.Present(i)) continue;
        if (taken[group][i] < counts[i]) {
          ++taken[group][i];
          any = true;
        } else {
          row.Clear(i);
        }
      }
      return any ? sink(row) : base::OkStatus();
    });
  }

 private:
  const Aggregate& expr_;  // Of the plan's tree, which outlives it.
  const Grid grid_;
  const VectorOperatorPtr input_;
  const ScalarOperatorPtr k_;
};

void AppendSized(std::string& out, std::string_view text) {
  constexpr std::size_t kOneByteMax = 255;
  if (text.size() < kOneByteMax) {
    out.push_back(static_cast<char>(text.size()));
  } else {
    out.push_back('\xFF');
    for (int shift = 0; shift < 24; shift += 8) out.push_back(static_cast<char>((text.size() >> shift) & 0xFF));
  }
  out.append(text);
}

// Where a series falls in [0, 1): the same in every query and every process, and the same as in Prometheus.
double HashFraction(const metric::Labels& labels) {
  std::string bytes;
  for (const metric::LabelView& pair : labels) {
    AppendSized(bytes, pair.name);
    AppendSized(bytes, pair.value);
  }
  return static_cast<double>(XXH64(bytes.data(), bytes.size(), 0)) / 18446744073709551616.0;
}

// limit_ratio: series whose fraction lies below r; for negative r exactly those that 1 + r leaves out.
class LimitRatio final : public VectorOperator {
 public:
  LimitRatio(const Aggregate& expr, VectorOperatorPtr input, ScalarOperatorPtr ratio)
      : expr_(expr), input_(std::move(input)), ratio_(std::move(ratio)) {}

  base::Status Run(QueryContext& context, const RowSink& sink) override {
    BW_ASSIGN_OR_RETURN(ScalarColumn ratio, ratio_->Evaluate(context));
    for (const double r : ratio) {
      if (std::isnan(r)) return base::Execution("Ratio value is NaN");
    }
    const auto [low, high] = std::minmax_element(ratio.begin(), ratio.end());
    if (*high > 1) context.annotations.Add(InvalidRatio(*high, 1, expr_.param->position));
    if (*low < -1) context.annotations.Add(InvalidRatio(*low, -1, expr_.param->position));
    return input_->Run(context, [&](Row& row) -> base::Status {
      const double fraction = HashFraction(row.labels);
      bool any = false;
      for (std::size_t i = 0; i < row.steps(); ++i) {
        const double r = std::clamp(ratio[i], -1.0, 1.0);
        const bool keep = r != 0 && (r > 0 ? fraction < r : fraction >= 1 + r);
        if (!keep) row.Clear(i);
        any |= row.Present(i);
      }
      return any ? sink(row) : base::OkStatus();
    });
  }

 private:
  const Aggregate& expr_;  // Of the plan's tree, which outlives it.
  const VectorOperatorPtr input_;
  const ScalarOperatorPtr ratio_;
};

}  // namespace

VectorOperatorPtr MakeLimitAggregate(const Aggregate& expr, const Grid& grid, VectorOperatorPtr input,
                                     ScalarOperatorPtr limit) {
  if (expr.op == AggregateOp::kLimitk) return std::make_unique<LimitK>(expr, grid, std::move(input), std::move(limit));
  return std::make_unique<LimitRatio>(expr, std::move(input), std::move(limit));
}

}  // namespace bellwether::promql
