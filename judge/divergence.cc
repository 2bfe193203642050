#include "judge/divergence.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "judge/distribution.h"
#include "judge/special_functions.h"

namespace bellwether::judge {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kPseudoCount = 0.5;
constexpr double kFloorShare = 1e-4;
constexpr double kFloorFraction = 1e-6;

// How a side's counts become shares: (count + added) / total, and `floor` for a share of 0.
struct Smoothing {
  double added = 0;
  double total = 0;
  double floor = 0;

  [[nodiscard]] double Share(double count) const { return count == 0 && floor > 0 ? floor : (count + added) / total; }
};

double SmallestShare(Counts counts, double total) {
  double smallest = kInfinity;
  for (const double c : counts) {
    if (c > 0) smallest = std::min(smallest, c / total);
  }
  return smallest;
}

Smoothing SmoothingOf(Counts counts, ZeroRule zeros, std::size_t bins) {
  Smoothing smoothing{.total = TotalOf(counts)};
  switch (zeros) {
    case ZeroRule::kAdditive:
      smoothing.added = kPseudoCount;
      smoothing.total += kPseudoCount * static_cast<double>(bins);
      break;
    case ZeroRule::kFloor: {
      const double smallest = SmallestShare(counts, smoothing.total);
      smoothing.floor = smallest <= kFloorShare ? smallest * kFloorFraction : kFloorShare;
      break;
    }
    case ZeroRule::kNone: break;
  }
  return smoothing;
}

// Calls visit(p, q) for each bin that counts under the rule. False if a side is empty.
template <typename Visit>
bool ForShares(Counts reference, Counts current, ZeroRule zeros, Visit visit) {
  if (!(TotalOf(reference) > 0) || !(TotalOf(current) > 0)) return false;
  const std::size_t bins = PopulatedBins(reference, current);
  const Smoothing of_reference = SmoothingOf(reference, zeros, bins);
  const Smoothing of_current = SmoothingOf(current, zeros, bins);
  for (std::size_t i = 0; i < reference.size(); ++i) {
    if (zeros != ZeroRule::kFloor && reference[i] == 0 && current[i] == 0) continue;
    visit(of_reference.Share(reference[i]), of_current.Share(current[i]));
  }
  return true;
}

double PsiTerm(double p, double q) {
  if (p == q) return 0;
  return p == 0 || q == 0 ? kInfinity : (p - q) * std::log(p / q);
}

// p ln(p / q), where 0 ln 0 is 0.
double LogTerm(double p, double q) {
  if (p == 0) return 0;
  return q == 0 ? kInfinity : p * std::log(p / q);
}

}  // namespace

double Psi(Counts reference, Counts current, ZeroRule zeros) {
  double sum = 0;
  const bool any = ForShares(reference, current, zeros, [&](double p, double q) { sum += PsiTerm(p, q); });
  return any ? sum : kUnknown;
}

double KullbackLeibler(Counts reference, Counts current, ZeroRule zeros) {
  double sum = 0, p_total = 0, q_total = 0;
  const bool any = ForShares(reference, current, zeros, [&](double p, double q) {
    sum += LogTerm(p, q);
    p_total += p;
    q_total += q;
  });
  // Shares that the floor has raised no longer add up to 1.
  return any ? sum / p_total + std::log(q_total / p_total) : kUnknown;
}

double JensenShannon(Counts reference, Counts current) {
  double sum = 0;
  const bool any = ForShares(reference, current, ZeroRule::kNone, [&](double p, double q) {
    const double middle = (p + q) / 2;
    sum += LogTerm(p, middle) + LogTerm(q, middle);
  });
  return any ? std::max(0.0, sum / 2) : kUnknown;
}

double Hellinger(Counts reference, Counts current) {
  double sum = 0;
  const bool any = ForShares(reference, current, ZeroRule::kNone, [&](double p, double q) {
    const double difference = std::sqrt(p) - std::sqrt(q);
    sum += difference * difference;
  });
  return any ? std::sqrt(sum / 2) : kUnknown;
}

double TotalVariation(Counts reference, Counts current) {
  double sum = 0;
  const bool any = ForShares(reference, current, ZeroRule::kNone, [&](double p, double q) { sum += std::fabs(p - q); });
  return any ? sum / 2 : kUnknown;
}

double LargestShareDifference(Counts reference, Counts current) {
  double largest = 0;
  const bool any = ForShares(reference, current, ZeroRule::kNone,
                             [&](double p, double q) { largest = std::max(largest, std::fabs(p - q)); });
  return any ? largest : kUnknown;
}

std::size_t PopulatedBins(Counts reference, Counts current) {
  std::size_t bins = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) bins += reference[i] > 0 || current[i] > 0 ? 1 : 0;
  return bins;
}

void PsiByBin(Counts reference, Counts current, std::span<double> out) {
  std::fill(out.begin(), out.end(), 0.0);
  std::size_t i = 0;
  const bool any = ForShares(reference, current, ZeroRule::kAdditive, [&](double p, double q) {
    while (reference[i] == 0 && current[i] == 0) ++i;
    out[i++] = PsiTerm(p, q);
  });
  if (!any) std::fill(out.begin(), out.end(), kUnknown);
}

double EffectiveSize(double n, double m) { return n * m / (n + m); }

double NullTail(Divergence kind, double value, double n, double m, std::size_t bins) {
  if (bins < 2 || !(value >= 0) || !(n > 0) || !(m > 0)) return kUnknown;
  const double ne = EffectiveSize(n, m);
  const double degrees = static_cast<double>(bins - 1);
  switch (kind) {
    case Divergence::kPsi: return ChiSquareTail(ne * value, degrees);
    case Divergence::kKullbackLeibler: return ChiSquareTail(2 * ne * value, degrees);
    case Divergence::kJensenShannon: return ChiSquareTail(8 * ne * value, degrees);
    case Divergence::kHellinger: return ChiSquareTail(8 * ne * value * value, degrees);
  }
  return kUnknown;
}

}  // namespace bellwether::judge
