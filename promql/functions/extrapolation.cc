#include "promql/functions/extrapolation.h"

namespace bellwether::promql {

double ExtrapolationFactor(const ExtrapolationInput& in) {
  double to_start = (in.first - in.range_start).seconds();
  double to_end = (in.range_end - in.last).seconds();
  double sampled = (in.last - in.first).seconds();
  const double average = in.samples > 1 ? sampled / static_cast<double>(in.samples - 1) : 0;
  const double threshold = average * 1.1;
  if (in.counter_start.ms != 0) {
    to_start = 0;
    sampled = (in.last - in.counter_start).seconds();
  } else {
    if (to_start >= threshold) to_start = average / 2;
    if (in.is_counter && in.increase > 0 && in.first_value >= 0) {
      const double to_zero = sampled * (in.first_value / in.increase);
      if (to_zero < to_start) to_start = to_zero;
    }
  }
  if (to_end >= threshold) to_end = average / 2;
  return sampled == 0 ? 1 : (sampled + to_start + to_end) / sampled;
}

double SlidingExtrapolation::Factor(const ExtrapolationInput& in) {
  if (in.counter_start.ms != 0) return ExtrapolationFactor(in) / seconds_;
  const base::DurationMs to_start = in.first - in.range_start;
  const base::DurationMs to_end = in.range_end - in.last;
  const base::DurationMs sampled = in.last - in.first;
  if (to_start != to_start_ || to_end != to_end_ || sampled != sampled_ || in.samples != samples_) {
    to_start_ = to_start;
    to_end_ = to_end;
    sampled_ = sampled;
    samples_ = in.samples;
    ExtrapolationInput gauge = in;
    gauge.is_counter = false;
    factor_ = ExtrapolationFactor(gauge) / seconds_;
    // Zero is no nearer than the extrapolation goes, which is at most 1.1 average intervals.
    const double intervals = in.samples > 1 ? static_cast<double>(in.samples - 1) : 1;
    zero_share_ = 1.2 / intervals;
  }
  const bool zero_is_far =
      !in.is_counter || !(in.increase > 0 && in.first_value >= 0) || in.first_value > in.increase * zero_share_;
  return zero_is_far ? factor_ : ExtrapolationFactor(in) / seconds_;
}

}  // namespace bellwether::promql
