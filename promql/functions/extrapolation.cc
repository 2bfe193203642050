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

}  // namespace bellwether::promql
