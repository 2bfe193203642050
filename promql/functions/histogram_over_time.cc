#include "promql/functions/histogram_over_time.h"

#include "promql/eval/histogram_sums.h"

namespace bellwether::promql {
namespace {

template <typename Accumulator>
HistogramPtr FoldHistograms(const RangeCall& call, const SeriesSamples& series, const Window& w) {
  Accumulator accumulator;
  bool reconciled = false;
  for (std::size_t i = w.histogram_begin; i < w.histogram_end; ++i) {
    const HistogramSumStep step = accumulator.Add(*series.histograms.values[i]);
    if (step == HistogramSumStep::kIncompatible) {
      call.Note(MixedExponentialCustom(series.labels.Name(), call.position));
      return nullptr;
    }
    reconciled |= step == HistogramSumStep::kReconciled;
  }
  if (accumulator.collision()) call.Note(CounterResetCollision("aggregation", call.position));
  if (reconciled) call.Note(MismatchedCustomBuckets("aggregation", call.position));
  return accumulator.Result();
}

}  // namespace

HistogramPtr SumOfHistograms(const RangeCall& call, const SeriesSamples& series, const Window& w) {
  return FoldHistograms<HistogramSum>(call, series, w);
}
HistogramPtr MeanOfHistograms(const RangeCall& call, const SeriesSamples& series, const Window& w) {
  return FoldHistograms<HistogramMean>(call, series, w);
}

}  // namespace bellwether::promql
