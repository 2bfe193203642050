#include "promql/eval/range_selector.h"

#include <memory>
#include <utility>

namespace bellwether::promql {
namespace {

class RangeSelector final : public RangeOperator {
 public:
  RangeSelector(std::vector<metric::Matcher> matchers, const WindowSpec& window, HistogramParts parts)
      : RangeOperator(window),
        selection_(
            MakeSelection(std::move(matchers), window.grid, window.shift, window.range + window.before, window.after)) {
    selection_.parts = parts;
  }

  base::Status Run(QueryContext& context, const SeriesSink& sink) override {
    SeriesSamples series;
    return ForEachSeries(context, selection_, StaleMarkers::kDrop, series, sink);
  }

 private:
  Selection selection_;
};

class SubqueryOperator final : public RangeOperator {
 public:
  SubqueryOperator(VectorOperatorPtr inner, const Grid& inner_grid, const WindowSpec& window)
      : RangeOperator(window), inner_(std::move(inner)), inner_grid_(inner_grid) {}

  bool from_storage() const override { return false; }

  base::Status Run(QueryContext& context, const SeriesSink& sink) override {
    if (inner_grid_.count == 0) return base::OkStatus();
    SampleCounts& outside = *context.counts;
    SampleCounts counts(inner_grid_.count, CountsNeeded(outside));
    const CountingScope inside(context, counts);
    SeriesSamples series;
    base::Status status = inner_->Run(context, [&](Row& row) -> base::Status {
      const CountingScope above(context, outside);
      BW_RETURN_IF_ERROR(context.CheckAlive());
      series.Clear();
      ToSamples(row, series);
      if (series.floats.size() + series.histograms.size() == 0) return base::OkStatus();
      BudgetHold hold(context.budget);
      BW_RETURN_IF_ERROR(hold.Add(series.SampleCount(), kBytesPerSampleRead * series.SampleCount()));
      return sink(series);
    });
    outside.MergeSubquery(counts, inner_grid_, window().grid, window().shift.offset, window().range);
    return status;
  }

 private:
  // Steps of the inside are told apart only where they go to different steps of the outside, or to none.
  SampleCounts::Detail CountsNeeded(const SampleCounts& outside) const {
    const bool whole = window().grid.count <= 1 || (!outside.by_step() && window().grid.step <= window().range);
    return whole ? SampleCounts::Detail::kTotals : SampleCounts::Detail::kByStep;
  }

  void ToSamples(Row& row, SeriesSamples& series) const {
    series.labels = std::move(row.labels);
    series.drop_name = row.drop_name;
    for (std::size_t i = 0; i < row.steps(); ++i) {
      if (row.cells[i] == Cell::kFloat) {
        series.floats.times.push_back(inner_grid_.At(i));
        series.floats.values.push_back(row.values[i]);
      } else if (row.cells[i] == Cell::kHistogram) {
        series.histograms.times.push_back(inner_grid_.At(i));
        series.histograms.values.push_back(WithUnknownReset(row.histograms[i]));
      }
    }
  }

  // The points of a subquery are not neighbours in their series, so what storage knew of resets between neighbours says
  // nothing about them.
  static HistogramPtr WithUnknownReset(const HistogramPtr& h) {
    using metric::CounterResetHint;
    if (h->reset_hint != CounterResetHint::kReset && h->reset_hint != CounterResetHint::kNotReset) return h;
    auto copy = std::make_shared<metric::NativeHistogram>(*h);
    copy->reset_hint = CounterResetHint::kUnknown;
    return copy;
  }

  const VectorOperatorPtr inner_;
  const Grid inner_grid_;
};

}  // namespace

RangeOperatorPtr MakeRangeSelector(std::vector<metric::Matcher> matchers, const WindowSpec& window,
                                   HistogramParts parts) {
  return std::make_unique<RangeSelector>(std::move(matchers), window, parts);
}

RangeOperatorPtr MakeSubquery(VectorOperatorPtr inner, const Grid& inner_grid, const WindowSpec& window) {
  return std::make_unique<SubqueryOperator>(std::move(inner), inner_grid, window);
}

Grid SubqueryGrid(const WindowSpec& window, base::DurationMs step) {
  const std::int64_t after = (window.EndAt(0) - window.range).ms;
  const std::int64_t end = window.EndAt(window.grid.count - 1).ms;
  std::int64_t start = step.ms * (after / step.ms);
  if (start <= after) start += step.ms;
  Grid grid{base::TimestampMs(start), step, 0};
  if (start <= end) grid.count = static_cast<std::size_t>((end - start) / step.ms) + 1;
  return grid;
}

}  // namespace bellwether::promql
