#include "promql/functions/extended_rate.h"

#include "promql/eval/interpolation.h"

namespace bellwether::promql {
namespace {

// What a counter lost at the drops strictly inside the range; drops across its ends are in `left` and `right` already.
double LostAtDrops(const FloatColumn& f, const ExtendedBounds& at, const Window& w, double left, double right) {
  const std::size_t begin = f.times[at.first] <= w.start ? at.first + 1 : at.first;
  const std::size_t end = f.times[at.last] >= w.end ? at.last : at.last + 1;
  double lost = 0;
  double previous = left;
  for (std::size_t i = begin; i < end; ++i) {
    if (f.values[i] < previous) lost += previous;
    previous = f.values[i];
  }
  return right < previous ? lost + previous : lost;
}

}  // namespace

bool ExtendedFloatRate(const RangeCall& call, const FloatColumn& floats, const Window& w, RateKind kind,
                       double& result) {
  ExtendedBounds at;
  if (!FindExtendedBounds(floats.times, w.float_begin, w.float_end, w, call.smoothed, at)) return false;
  const bool is_counter = kind != RateKind::kDelta;
  const double left = LeftEnd(floats, at, w, call.smoothed, is_counter);
  const double right = RightEnd(floats, at, w, call.smoothed, is_counter);
  result = right - left;
  if (is_counter) result += LostAtDrops(floats, at, w, left, right);
  if (kind == RateKind::kRate) result /= call.window.range.seconds();
  return true;
}

}  // namespace bellwether::promql
