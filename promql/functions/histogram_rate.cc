#include "promql/functions/histogram_rate.h"

#include "promql/functions/extended_rate.h"
#include "promql/functions/histogram_over_time.h"

namespace bellwether::promql {

HistogramPtr HistogramRate(const RangeCall&, const SeriesSamples&, const Window&, RateKind) { return nullptr; }
HistogramPtr InstantHistogramRate(const RangeCall&, const SeriesSamples&, std::pair<std::size_t, std::size_t>, bool,
                                  bool, double) {
  return nullptr;
}
HistogramPtr ExtendedHistogramRate(const RangeCall&, const SeriesSamples&, const Window&, RateKind) { return nullptr; }
HistogramPtr SumOfHistograms(const RangeCall&, const SeriesSamples&, const Window&) { return nullptr; }
HistogramPtr MeanOfHistograms(const RangeCall&, const SeriesSamples&, const Window&) { return nullptr; }

}  // namespace bellwether::promql
