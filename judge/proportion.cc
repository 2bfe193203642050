#include "judge/proportion.h"

#include <algorithm>
#include <cmath>

#include "judge/special_functions.h"

namespace bellwether::judge {

Bounds WilsonInterval(Share share) {
  if (!(share.total > 0)) return {};
  const double n = share.total;
  const double p = share.hits / n;
  const double z2 = kNormal975 * kNormal975;
  const double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kNormal975 / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

ShareTest CompareShares(Share reference, Share current) {
  if (!(reference.total > 0) || !(current.total > 0)) return {};
  const double p = reference.hits / reference.total;
  const double q = current.hits / current.total;
  const double pooled = (reference.hits + current.hits) / (reference.total + current.total);
  const double error = std::sqrt(pooled * (1 - pooled) * (1 / reference.total + 1 / current.total));
  ShareTest out{.difference = q - p, .z = error > 0 ? (p - q) / error : 0, .p_value = 1};
  out.p_value = 2 * NormalTail(std::fabs(out.z));
  return out;
}

Parity ParityOf(std::span<const double> rates) {
  double smallest = kUnknown, largest = kUnknown;
  for (const double rate : rates) {
    smallest = std::fmin(smallest, rate);
    largest = std::fmax(largest, rate);
  }
  return {.difference = largest - smallest, .ratio = smallest == largest ? 1 : smallest / largest};
}

}  // namespace bellwether::judge
