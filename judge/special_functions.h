// judge/special_functions.h
//
// Tail probabilities of the laws that tests compare with: how often chance alone yields a value at least this large.
// Relative accuracy holds far into the tail (1e-300), because features are ranked by such values.
//
// NaN in, NaN out. Thread-safe; nothing throws.
#pragma once

namespace bellwether::judge {

// The point of the standard normal law that leaves 2.5 % on either side.
inline constexpr double kNormal975 = 1.959963984540054;

// P(X >= x) of chi-square with `dof` > 0 degrees of freedom; 1 for x <= 0.
[[nodiscard]] double ChiSquareTail(double x, double dof);

// P(Z >= z) of the standard normal law.
[[nodiscard]] double NormalTail(double z);

// P(T >= t) of Student's law with `dof` > 0, which need not be whole.
[[nodiscard]] double StudentTail(double t, double dof);

// P(K >= x) of Kolmogorov's limit law.
[[nodiscard]] double KolmogorovTail(double x);

// The sum of 1/(from + 1), ..., 1/(from + count), also between whole numbers; from >= 0, count >= 0.
[[nodiscard]] double HarmonicSum(double from, double count);

}  // namespace bellwether::judge
