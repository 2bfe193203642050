#include "promql/eval/histogram_values.h"

#include <memory>
#include <utility>

#include "promql/histogram/arithmetic.h"
#include "promql/histogram/trim.h"

namespace bellwether::promql {
namespace {

HistogramPtr Share(metric::NativeHistogram h) { return std::make_shared<const metric::NativeHistogram>(std::move(h)); }

HistogramOutcome OutcomeOf(histogram::Combined combined) {
  if (combined.incompatible) return {};
  return {Share(std::move(combined.value)), combined.reset_collision, combined.bounds_reconciled};
}

}  // namespace

HistogramOutcome AddHistograms(const metric::NativeHistogram& a, const metric::NativeHistogram& b) {
  return OutcomeOf(histogram::Add(a, b));
}

HistogramOutcome SubtractHistograms(const metric::NativeHistogram& a, const metric::NativeHistogram& b) {
  histogram::Combined combined = histogram::Subtract(a, b);
  combined.value.reset_hint = metric::CounterResetHint::kGauge;
  return OutcomeOf(std::move(combined));
}

HistogramPtr ScaleHistogram(const metric::NativeHistogram& h, double factor) {
  return Share(histogram::Scale(h, factor));
}
HistogramPtr DivideHistogram(const metric::NativeHistogram& h, double divisor) {
  return Share(histogram::Divide(h, divisor));
}

HistogramPtr TrimHistogram(const metric::NativeHistogram& h, double bound, TrimSide side) {
  const auto keep = side == TrimSide::kKeepBelow ? histogram::Keep::kAtOrBelow : histogram::Keep::kAtOrAbove;
  return Share(histogram::Trim(h, bound, keep));
}

bool SameHistogram(const metric::NativeHistogram& a, const metric::NativeHistogram& b) {
  return histogram::Equal(a, b);
}

bool DetectsReset(const metric::NativeHistogram& current, const metric::NativeHistogram& previous) {
  return histogram::DetectReset(current, previous);
}

}  // namespace bellwether::promql
