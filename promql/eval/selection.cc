#include "promql/eval/selection.h"

#include <memory>
#include <utility>

#include "promql/eval/histogram_values.h"
#include "promql/eval/profile.h"

namespace bellwether::promql {
namespace {

constexpr std::size_t kCheckedEvery = 16;  // A look at the clock costs as much as a series of one sample.

// Count and sum, with hints that tell resets where storage did not.
void KeepCountAndSum(HistogramColumn& column) {
  using metric::CounterResetHint;
  HistogramPtr previous;
  for (HistogramPtr& h : column.values) {
    auto kept = std::make_shared<metric::NativeHistogram>();
    kept->is_float = true;
    kept->schema = h->schema;
    kept->count = h->count;
    kept->sum = h->sum;
    kept->reset_hint = h->reset_hint;
    if (previous != nullptr && !h->IsStale() && h->reset_hint == CounterResetHint::kUnknown) {
      kept->reset_hint = DetectsReset(*h, *previous) ? CounterResetHint::kReset : CounterResetHint::kNotReset;
    }
    if (!h->IsStale()) previous = std::move(h);
    h = std::move(kept);
  }
}

}  // namespace

Selection MakeSelection(std::vector<metric::Matcher> matchers, const Grid& grid, const TimeShift& shift,
                        base::DurationMs before, base::DurationMs after) {
  const base::TimestampMs first = shift.Apply(grid.start);
  const base::TimestampMs last = shift.Apply(grid.Last());
  return {std::move(matchers), first - before + base::DurationMs(1), last + after, HistogramParts::kAll, false};
}

base::Status ForEachSeries(QueryContext& context, const Selection& selection, StaleMarkers stale, SeriesSamples& series,
                           const std::function<base::Status(SeriesSamples&)>& visit) {
  if (selection.max < selection.min) return base::OkStatus();
  const storage::SelectHints hints{.min = selection.min,
                                   .max = selection.max,
                                   .newest_only = selection.newest_only,
                                   .asked_again = context.memos != nullptr};
  const std::unique_ptr<storage::SeriesSet> set = context.querier->Select(selection.matchers, hints);
  for (std::size_t n = 0; set->Next(); ++n) {
    if (n % kCheckedEvery == 0) BW_RETURN_IF_ERROR(context.CheckAlive());
    series.Clear();
    series.labels = set->labels();
    BudgetHold hold(context.budget);
    BW_RETURN_IF_ERROR(ReadSamples(set->samples(), stale, hold, series));
    if (selection.parts == HistogramParts::kCountAndSum) KeepCountAndSum(series.histograms);
    const std::size_t samples = series.floats.size() + series.histograms.size();
    if (context.profile != nullptr) context.profile->CountSeries(samples);
    if (samples == 0) continue;
    ++context.series_read;
    BW_RETURN_IF_ERROR(visit(series));
  }
  const base::Status status = set->status();
  return status.ok() ? status : status.WithContext("expanding series");
}

}  // namespace bellwether::promql
