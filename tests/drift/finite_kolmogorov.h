// tests/drift/finite_kolmogorov.h
//
// The exact law of Kolmogorov's statistic for a finite sample: what judge::KsTail approximates, for tests alone, since
// a value takes up to a second.
#pragma once

namespace bellwether::golden {

// P(D_n >= d) for n observations, within 1e-7 of itself.
[[nodiscard]] double FiniteKolmogorovTail(double d, int n);

}  // namespace bellwether::golden
