#include "judge/special_functions.h"

#include <cmath>
#include <limits>
#include <numbers>

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/gamma.hpp>

namespace bellwether::judge {
namespace {

namespace policies = boost::math::policies;
// Out of range is NaN or infinity, never an exception; no long double inside.
using Quiet =
    policies::policy<policies::domain_error<policies::ignore_error>, policies::pole_error<policies::ignore_error>,
                     policies::overflow_error<policies::ignore_error>,
                     policies::underflow_error<policies::ignore_error>,
                     policies::evaluation_error<policies::ignore_error>, policies::promote_double<false>>;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Where the two series of Kolmogorov's law change over: both need few terms there.
constexpr double kKolmogorovTurn = 1.18;
constexpr int kKolmogorovTerms = 8;

}  // namespace

double ChiSquareTail(double x, double dof) {
  if (std::isnan(x) || !(dof > 0)) return kNaN;
  if (x <= 0) return 1;
  if (std::isinf(x)) return 0;
  return boost::math::gamma_q(dof / 2, x / 2, Quiet());
}

double NormalTail(double z) { return std::erfc(z / std::numbers::sqrt2) / 2; }

double StudentTail(double t, double dof) {
  if (std::isnan(t) || !(dof > 0)) return kNaN;
  if (std::isinf(t)) return t > 0 ? 0 : 1;
  const double square = t * t;
  // The one of the two forms whose argument keeps its digits.
  const double both = square < dof ? boost::math::ibetac(0.5, dof / 2, square / (dof + square), Quiet())
                                   : boost::math::ibeta(dof / 2, 0.5, dof / (dof + square), Quiet());
  return t >= 0 ? both / 2 : 1 - both / 2;
}

double KolmogorovTail(double x) {
  if (std::isnan(x)) return kNaN;
  if (x <= 0) return 1;
  double sum = 0;
  if (x >= kKolmogorovTurn) {
    for (int k = 1; k <= kKolmogorovTerms; ++k) sum += (k % 2 == 1 ? 2 : -2) * std::exp(-2.0 * k * k * x * x);
    return sum;
  }
  const double exponent = -std::numbers::pi * std::numbers::pi / (8 * x * x);
  for (int k = 1; k <= kKolmogorovTerms; ++k) sum += std::exp((2 * k - 1) * (2 * k - 1) * exponent);
  return 1 - std::sqrt(2 * std::numbers::pi) / x * sum;
}

double HarmonicSum(double from, double count) {
  if (count <= 0) return 0;
  return boost::math::digamma(from + count + 1, Quiet()) - boost::math::digamma(from + 1, Quiet());
}

}  // namespace bellwether::judge
