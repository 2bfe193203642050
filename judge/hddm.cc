#include "judge/hddm.h"

#include <cmath>

namespace bellwether::judge {

double Hddm::BoundOf(const Mean& mean) const { return std::sqrt(std::log(1 / options_.delta) / (2 * mean.count)); }

bool Hddm::Moved(const Mean& from, double sign, double delta) const {
  if (from.count == all_.count) return false;
  const double m = (all_.count - from.count) / from.count / all_.count;
  return sign * (all_.value - from.value) >= std::sqrt(m / 2 * std::log(2 / delta));
}

Hddm::Verdict Hddm::Add(double x) {
  all_.Add(x);
  if (lowest_.count == 0) lowest_ = highest_ = all_;
  if (lowest_.value + BoundOf(lowest_) >= all_.value + BoundOf(all_)) lowest_ = all_;
  if (highest_.value - BoundOf(highest_) <= all_.value - BoundOf(all_)) highest_ = all_;

  bool drifts = Moved(lowest_, 1, options_.delta);
  warns_ = !drifts && Moved(lowest_, 1, options_.warning_delta);
  if (options_.two_sided) {
    if (Moved(highest_, -1, options_.delta)) {
      drifts = true;
    } else if (Moved(highest_, -1, options_.warning_delta)) {
      warns_ = true;
    }
  }
  if (drifts) {
    all_ = lowest_ = highest_ = Mean();
    return Verdict::kDrift;
  }
  return warns_ ? Verdict::kWarning : Verdict::kNone;
}

}  // namespace bellwether::judge
