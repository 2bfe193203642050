#include "promql/eval/instant_selector.h"

#include <utility>

#include "metric/sample.h"

namespace bellwether::promql {
namespace {

class InstantSelector final : public VectorOperator {
 public:
  explicit InstantSelector(InstantSelectorSpec spec)
      : spec_(std::move(spec)),
        selection_(MakeSelection(spec_.matchers, spec_.grid, spec_.shift, spec_.lookback, base::DurationMs())) {
    selection_.parts = spec_.parts;
    selection_.newest_only = spec_.grid.count == 1 && spec_.facet != SampleFacet::kStartTime;
  }

  base::Status Run(QueryContext& context, const RowSink& sink) override {
    SeriesSamples series;
    Row row;
    return ForEachSeries(context, selection_, StaleMarkers::kKeep, series, [&](SeriesSamples& s) -> base::Status {
      row.Reset(spec_.grid.count);
      if (Fill(s, row) == 0) return base::OkStatus();
      context.counts->AddCells(row);
      row.labels = std::move(s.labels);
      return sink(row);
    });
  }

 private:
  std::size_t Fill(const SeriesSamples& series, Row& row) const {
    NewestSample newest(series);
    std::size_t found = 0;
    for (std::size_t step = 0; step < spec_.grid.count; ++step) {
      const base::TimestampMs at = spec_.shift.Apply(spec_.grid.At(step));
      const NewestSample::Found sample = newest.At(at);
      if (sample.kind == Cell::kNone || sample.time <= at - spec_.lookback || newest.IsStale(sample)) continue;
      Put(series, sample, step, row);
      ++found;
    }
    return found;
  }

  void Put(const SeriesSamples& series, const NewestSample::Found& sample, std::size_t step, Row& row) const {
    const bool is_float = sample.kind == Cell::kFloat;
    switch (spec_.facet) {
      case SampleFacet::kTime: row.SetFloat(step, sample.time.seconds()); break;
      case SampleFacet::kStartTime:
        row.SetFloat(
            step, (is_float ? series.floats.StartAt(sample.index) : series.histograms.StartAt(sample.index)).seconds());
        break;
      case SampleFacet::kValue:
        if (is_float) {
          row.SetFloat(step, series.floats.values[sample.index]);
        } else {
          row.SetHistogram(step, series.histograms.values[sample.index]);
        }
        break;
    }
  }

  const InstantSelectorSpec spec_;
  Selection selection_;
};

}  // namespace

NewestSample::Found NewestSample::At(base::TimestampMs t) {
  const auto& float_times = series_.floats.times;
  const auto& histogram_times = series_.histograms.times;
  while (floats_ < float_times.size() && float_times[floats_] <= t) ++floats_;
  while (histograms_ < histogram_times.size() && histogram_times[histograms_] <= t) ++histograms_;
  Found found;
  if (floats_ > 0) found = {Cell::kFloat, floats_ - 1, float_times[floats_ - 1]};
  if (histograms_ > 0 && (found.kind == Cell::kNone || histogram_times[histograms_ - 1] >= found.time)) {
    found = {Cell::kHistogram, histograms_ - 1, histogram_times[histograms_ - 1]};
  }
  return found;
}

bool NewestSample::IsStale(const Found& found) const {
  return found.kind == Cell::kFloat ? metric::IsStaleMarker(series_.floats.values[found.index])
                                    : series_.histograms.values[found.index]->IsStale();
}

VectorOperatorPtr MakeInstantSelector(InstantSelectorSpec spec) {
  return std::make_unique<InstantSelector>(std::move(spec));
}

}  // namespace bellwether::promql
