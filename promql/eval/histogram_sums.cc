#include "promql/eval/histogram_sums.h"

#include <utility>

#include "promql/eval/histogram_values.h"
#include "promql/histogram/arithmetic.h"

namespace bellwether::promql {

void HistogramSumBase::LookAtHint(const metric::NativeHistogram& h) {
  reset_seen_ |= h.reset_hint == metric::CounterResetHint::kReset;
  not_reset_seen_ |= h.reset_hint == metric::CounterResetHint::kNotReset;
}
HistogramSumStep HistogramSum::Add(const metric::NativeHistogram&) { return HistogramSumStep::kPlain; }
HistogramPtr HistogramSum::Result() const { return nullptr; }
HistogramSumStep HistogramMean::Add(const metric::NativeHistogram&) { return HistogramSumStep::kPlain; }
HistogramPtr HistogramMean::Result() const { return nullptr; }

}  // namespace bellwether::promql
