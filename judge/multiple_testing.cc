#include "judge/multiple_testing.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace bellwether::judge {
namespace {

// Of the k-th smallest (from 1) of m: what its p-value is multiplied by.
double Factor(Adjustment adjustment, double k, double m, double harmonic) {
  switch (adjustment) {
    case Adjustment::kBonferroni: return m;
    case Adjustment::kHolm: return m - k + 1;
    case Adjustment::kBenjaminiHochberg: return m / k;
    case Adjustment::kBenjaminiYekutieli: return m / k * harmonic;
  }
  return m;
}

}  // namespace

std::vector<double> AdjustPValues(std::span<const double> p, Adjustment adjustment) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::erase_if(order, [&](std::size_t i) { return std::isnan(p[i]); });
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });

  std::vector<double> out(p.begin(), p.end());
  const auto m = static_cast<double>(order.size());
  double harmonic = 0;
  for (std::size_t k = 1; k <= order.size(); ++k) harmonic += 1 / static_cast<double>(k);
  for (std::size_t k = 0; k < order.size(); ++k) {
    out[order[k]] = std::min(1.0, p[order[k]] * Factor(adjustment, static_cast<double>(k + 1), m, harmonic));
  }
  // Adjusted values keep the order of the p-values: step-down methods carry the largest so far, step-up ones the
  // smallest from the end.
  const bool step_up = adjustment == Adjustment::kBenjaminiHochberg || adjustment == Adjustment::kBenjaminiYekutieli;
  for (std::size_t k = 1; k < order.size(); ++k) {
    if (step_up) {
      const std::size_t i = order.size() - 1 - k;
      out[order[i]] = std::min(out[order[i]], out[order[i + 1]]);
    } else {
      out[order[k]] = std::max(out[order[k]], out[order[k - 1]]);
    }
  }
  return out;
}

}  // namespace bellwether::judge
