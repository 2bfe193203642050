#include "judge/ranking.h"

#include "judge/special_functions.h"

namespace bellwether::judge {

BoundedValue AreaUnderCurve(Counts positives, Counts negatives) {
  const double pairs = TotalOf(positives) * TotalOf(negatives);
  if (!(pairs > 0)) return {};
  double below = 0, won = 0, tied = 0;
  for (std::size_t i = 0; i < positives.size(); ++i) {
    won += positives[i] * below;
    tied += positives[i] * negatives[i];
    below += negatives[i];
  }
  return {.value = (won + tied / 2) / pairs, .lower = won / pairs, .upper = (won + tied) / pairs};
}

BoundedValue AveragePrecision(Counts positives, Counts negatives) {
  const double total = TotalOf(positives);
  if (!(total > 0)) return {};
  // The sum of (hits + j) / (hits + j + misses) over the j-th of `p` positives, one after another.
  const auto in_order = [](double p, double hits, double misses) { return p - misses * HarmonicSum(hits + misses, p); };
  BoundedValue out{0, 0, 0};
  double hits = 0, misses = 0;
  for (std::size_t i = positives.size(); i-- > 0;) {
    const double p = positives[i];
    const double n = negatives[i];
    if (p > 0) {
      out.value += p / total * (hits + p) / (hits + p + misses + n);
      out.upper += in_order(p, hits, misses) / total;
      out.lower += in_order(p, hits, misses + n) / total;
    }
    hits += p;
    misses += n;
  }
  return out;
}

std::vector<RocPoint> RocCurve(Counts positives, Counts negatives) {
  const double p = TotalOf(positives);
  const double n = TotalOf(negatives);
  double p_above = p, n_above = n;
  std::vector<RocPoint> out;
  for (std::size_t i = 0; i < positives.size(); ++i) {
    p_above -= positives[i];
    n_above -= negatives[i];
    out.push_back({.false_positive_rate = n_above / n, .true_positive_rate = p_above / p});
  }
  return out;
}

}  // namespace bellwether::judge
