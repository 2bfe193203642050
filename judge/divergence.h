// judge/divergence.h
//
// How different two sets of shares are. All take two columns of counts over the same bins, the reference first, and
// look at shares alone: counts may be scaled. Bins that are empty on both sides never matter. NaN if a side is empty.
//
// From buckets every one of them is a lower bound of its value on the raw data, whatever the buckets.
//
// Chance alone makes them positive: with n and m observations, ne = n m / (n + m) and B populated bins, ne PSI, 2 ne
// KL, 8 ne JS (the divergence) and 8 ne H^2 follow chi-square with B - 1 degrees of freedom when nothing has drifted.
// That gives each a p-value, and a fixed threshold another meaning at every sample size.
#pragma once

#include <cstddef>
#include <span>

namespace bellwether::judge {

using Counts = std::span<const double>;

// What becomes of a bin that only one side has.
enum class ZeroRule : unsigned char {
  kAdditive,  // 0.5 is added to each bin, and shares are of the new totals. The default.
  kFloor,  // A share of 0 becomes 0.0001, or a millionth of the smallest share if that is no larger: Evidently's rule.
  kNone,   // The strict definition; infinite where it is.
};

[[nodiscard]] double Psi(Counts reference, Counts current, ZeroRule zeros = ZeroRule::kAdditive);
// KL(reference || current), in nats.
[[nodiscard]] double KullbackLeibler(Counts reference, Counts current, ZeroRule zeros = ZeroRule::kAdditive);
// The divergence in nats, at most ln 2. The distance is its square root.
[[nodiscard]] double JensenShannon(Counts reference, Counts current);
[[nodiscard]] double Hellinger(Counts reference, Counts current);       // 0..1
[[nodiscard]] double TotalVariation(Counts reference, Counts current);  // 0..1
[[nodiscard]] double LargestShareDifference(Counts reference, Counts current);

// The bins that are not empty on both sides.
[[nodiscard]] std::size_t PopulatedBins(Counts reference, Counts current);

// The part of the (smoothed) PSI that bin i makes up; 0 for a bin that is empty on both sides. They add up to Psi.
void PsiByBin(Counts reference, Counts current, std::span<double> out);

// n m / (n + m).
[[nodiscard]] double EffectiveSize(double n, double m);

// The chance of a value at least this large without drift, from the law above. NaN below two bins.
enum class Divergence : unsigned char { kPsi, kKullbackLeibler, kJensenShannon, kHellinger };
[[nodiscard]] double NullTail(Divergence kind, double value, double n, double m, std::size_t bins);

}  // namespace bellwether::judge
