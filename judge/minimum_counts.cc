#include "judge/minimum_counts.h"

#include "judge/divergence.h"

namespace bellwether::judge {

bool EnoughForDivergence(double n, double m, std::size_t bins) {
  const double degrees = bins > 1 ? static_cast<double>(bins - 1) : 1;
  return m >= 30 && EffectiveSize(n, m) >= 10 * degrees;
}

bool EnoughForKs(double n, double m) { return EffectiveSize(n, m) >= 20; }
bool EnoughForRanking(double positives, double negatives) { return positives >= 30 && negatives >= 30; }
bool EnoughForCalibration(double predictions) { return predictions >= 100; }

}  // namespace bellwether::judge
