#include "tests/drift/finite_kolmogorov.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace bellwether::golden {
namespace {

// Where both one-sided gaps being large has no share in the tail that counts (Simard, L'Ecuyer 2011).
constexpr double kTwiceOneSided = 3;

// P(D+ >= d), Smirnov's sum, with logarithms against overflow.
double OneSidedTail(double d, int n) {
  double sum = 0;
  for (int j = 0; j <= static_cast<int>(std::floor(n * (1 - d))); ++j) {
    const double at = d + static_cast<double>(j) / n;
    const double rest = 1 - at;
    if (rest < 0) break;
    const double log_binomial = std::lgamma(n + 1.0) - std::lgamma(j + 1.0) - std::lgamma(n - j + 1.0);
    if (rest == 0) {
      sum += n == j ? std::exp(log_binomial + (j - 1) * std::log(at)) : 0;
      continue;
    }
    sum += std::exp(log_binomial + (j - 1) * std::log(at) + (n - j) * std::log(rest));
  }
  return std::min(1.0, d * sum);
}

// A square matrix with a power of ten beside it.
struct Scaled {
  std::size_t size = 0;
  std::vector<double> cells;
  int exponent = 0;

  void Rescale() {
    const double middle = cells[size / 2 * size + size / 2];
    if (middle <= 1e140) return;
    for (double& cell : cells) cell *= 1e-140;
    exponent += 140;
  }
};

Scaled Product(const Scaled& a, const Scaled& b) {
  Scaled out{a.size, std::vector<double>(a.cells.size()), a.exponent + b.exponent};
  for (std::size_t i = 0; i < a.size; ++i) {
    for (std::size_t k = 0; k < a.size; ++k) {
      const double factor = a.cells[i * a.size + k];
      if (factor == 0) continue;
      for (std::size_t j = 0; j < a.size; ++j) out.cells[i * a.size + j] += factor * b.cells[k * a.size + j];
    }
  }
  out.Rescale();
  return out;
}

// P(D_n < d) as an entry of the n-th power of a matrix (Marsaglia, Tsang, Wang 2003).
double ByMatrixPower(double d, int n) {
  const int k = static_cast<int>(n * d) + 1;
  const auto m = static_cast<std::size_t>(2 * k - 1);
  const double h = k - n * d;
  Scaled base{m, std::vector<double>(m * m), 0};
  const auto cell = [&](std::size_t i, std::size_t j) -> double& { return base.cells[i * m + j]; };
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < m; ++j) cell(i, j) = j <= i + 1 ? 1 : 0;
  }
  for (std::size_t i = 0; i < m; ++i) {
    const auto power = static_cast<double>(i + 1);
    cell(i, 0) -= std::pow(h, power);
    cell(m - 1, i) -= std::pow(h, static_cast<double>(m - i));
  }
  cell(m - 1, 0) += 2 * h - 1 > 0 ? std::pow(2 * h - 1, static_cast<double>(m)) : 0;
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j <= i; ++j) cell(i, j) /= std::tgamma(static_cast<double>(i - j) + 2);
  }
  Scaled power{m, std::vector<double>(m * m), 0};
  for (std::size_t i = 0; i < m; ++i) power.cells[i * m + i] = 1;
  for (int bits = n; bits > 0; bits /= 2) {
    if (bits % 2 == 1) power = Product(power, base);
    if (bits > 1) base = Product(base, base);
  }
  const auto centre = static_cast<std::size_t>(k - 1);
  double value = power.cells[centre * m + centre];
  int exponent = power.exponent;
  for (int i = 1; i <= n; ++i) {
    value *= static_cast<double>(i) / n;
    if (value < 1e-140) {
      value *= 1e140;
      exponent -= 140;
    }
  }
  return value * std::pow(10.0, exponent);
}

}  // namespace

double FiniteKolmogorovTail(double d, int n) {
  if (d <= 1.0 / (2 * n)) return 1;
  if (d >= 1) return 0;
  if (d >= 0.5 || n * d * d > kTwiceOneSided) return std::min(1.0, 2 * OneSidedTail(d, n));
  return 1 - ByMatrixPower(d, n);
}

}  // namespace bellwether::golden
