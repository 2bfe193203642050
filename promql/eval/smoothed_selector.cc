#include "promql/eval/smoothed_selector.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "promql/eval/interpolation.h"
#include "promql/eval/windows.h"

namespace bellwether::promql {
namespace {

class SmoothedSelector final : public VectorOperator {
 public:
  SmoothedSelector(InstantSelectorSpec spec, PositionRange position)
      : spec_(std::move(spec)),
        position_(position),
        selection_(MakeSelection(spec_.matchers, spec_.grid, spec_.shift, spec_.lookback, spec_.lookback)) {
    selection_.parts = spec_.parts;
  }

  base::Status Run(QueryContext& context, const RowSink& sink) override {
    // The window of a step is centred on it: no range, the lookback on both sides.
    const WindowSpec window{
        .grid = spec_.grid, .shift = spec_.shift, .range = {}, .before = spec_.lookback, .after = spec_.lookback};
    SeriesSamples series;
    Row row;
    return ForEachSeries(context, selection_, StaleMarkers::kDrop, series, [&](SeriesSamples& s) -> base::Status {
      row.Reset(spec_.grid.count);
      ForEachWindow(window, s, [&](const Window& w) {
        if (w.mixed()) {
          context.annotations.Add(MixedFloatsHistograms(s.labels.Name(), position_));
        } else if (w.floats() > 0) {
          FloatAt(s.floats, w, row);
        } else {
          HistogramAt(context, s, w, row);
        }
      });
      if (!row.AnyPresent()) return base::OkStatus();
      row.labels = std::move(s.labels);
      return sink(row);
    });
  }

 private:
  // The first index in [begin, end) at or after t.
  static std::size_t FirstFrom(const std::vector<base::TimestampMs>& times, std::size_t begin, std::size_t end,
                               base::TimestampMs t) {
    using Difference = std::vector<base::TimestampMs>::difference_type;
    const auto it = std::lower_bound(times.begin() + static_cast<Difference>(begin),
                                     times.begin() + static_cast<Difference>(end), t);
    return static_cast<std::size_t>(it - times.begin());
  }

  static void FloatAt(const FloatColumn& f, const Window& w, Row& row) {
    const std::size_t i = FirstFrom(f.times, w.float_begin, w.float_end, w.end);
    if (i < w.float_end && f.times[i] == w.end) {
      row.SetFloat(w.step, f.values[i]);
    } else if (i > w.float_begin && i < w.float_end) {
      row.SetFloat(w.step, Interpolate({f.times[i - 1], f.values[i - 1]}, {f.times[i], f.values[i]}, w.end, false));
    } else if (i > w.float_begin) {
      row.SetFloat(w.step, f.values[i - 1]);
    }
  }

  void HistogramAt(QueryContext& context, const SeriesSamples& s, const Window& w, Row& row) const {
    const HistogramColumn& h = s.histograms;
    const std::size_t i = FirstFrom(h.times, w.histogram_begin, w.histogram_end, w.end);
    if (i < w.histogram_end && h.times[i] == w.end) {
      row.SetHistogram(w.step, h.values[i]);
    } else if (i > w.histogram_begin && i < w.histogram_end) {
      const InterpolationNotes notes{context.annotations, s.labels.Name(), position_};
      const bool is_counter = h.values[i - 1]->reset_hint != metric::CounterResetHint::kGauge ||
                              h.values[i]->reset_hint != metric::CounterResetHint::kGauge;
      if (h.values[i - 1]->UsesCustomBuckets() != h.values[i]->UsesCustomBuckets()) {
        context.annotations.Add(MixedExponentialCustom(notes.metric, position_));
        return;
      }
      HistogramPtr value =
          InterpolateHistograms({h.times[i - 1], h.values[i - 1]}, {h.times[i], h.values[i]}, w.end, is_counter, notes);
      if (value != nullptr) row.SetHistogram(w.step, std::move(value));
    } else if (i > w.histogram_begin) {
      // The hint speaks of two samples in a row, and this one is carried on alone.
      auto carried = std::make_shared<metric::NativeHistogram>(*h.values[i - 1]);
      carried->reset_hint = metric::CounterResetHint::kUnknown;
      row.SetHistogram(w.step, std::move(carried));
    }
  }

  const InstantSelectorSpec spec_;
  const PositionRange position_;
  Selection selection_;
};

}  // namespace

VectorOperatorPtr MakeSmoothedSelector(InstantSelectorSpec spec, PositionRange position) {
  return std::make_unique<SmoothedSelector>(std::move(spec), position);
}

}  // namespace bellwether::promql
