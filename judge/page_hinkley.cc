#include "judge/page_hinkley.h"

#include <algorithm>
#include <limits>

namespace bellwether::judge {

// The highest point of the falling sum begins at -1 and not at -Inf: as upstream, whose alarms depend on it.
PageHinkley::State::State() : lowest_rise(std::numeric_limits<double>::infinity()), highest_fall(-1) {}

bool PageHinkley::Add(double x) {
  State& s = state_;
  ++s.count;
  s.mean += (x - s.mean) / s.count;
  const double deviation = x - s.mean;
  s.rise = options_.forget * s.rise + deviation - options_.delta;
  s.fall = options_.forget * s.fall + deviation + options_.delta;
  s.lowest_rise = std::min(s.lowest_rise, s.rise);
  s.highest_fall = std::max(s.highest_fall, s.fall);
  if (s.count < options_.samples_min) return false;
  const bool up = options_.side != Side::kDown && s.rise - s.lowest_rise > options_.lambda;
  const bool down = options_.side != Side::kUp && s.highest_fall - s.fall > options_.lambda;
  if (up || down) state_ = State();
  return up || down;
}

}  // namespace bellwether::judge
