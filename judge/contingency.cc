#include "judge/contingency.h"

#include <algorithm>
#include <cmath>

#include "judge/special_functions.h"

namespace bellwether::judge {
namespace {

// Calls visit(observed, expected) for the cells of the bins that are not empty on both sides.
template <typename Visit>
void ForCells(Counts reference, Counts current, double n, double m, Visit visit) {
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const double column = reference[i] + current[i];
    if (!(column > 0)) continue;
    visit(reference[i], column * n / (n + m));
    visit(current[i], column * m / (n + m));
  }
}

// `term(observed, expected)` is a cell's part of the statistic.
template <typename Term>
TableTest Test(Counts reference, Counts current, Term term) {
  TableTest out;
  const double n = TotalOf(reference);
  const double m = TotalOf(current);
  if (!(n > 0) || !(m > 0)) return out;
  const std::size_t bins = PopulatedBins(reference, current);
  out.degrees = static_cast<double>(bins - 1);
  out.statistic = 0;
  out.least_expected = n + m;
  ForCells(reference, current, n, m, [&](double observed, double expected) {
    if (bins > 1) out.statistic += term(observed, expected);
    out.least_expected = std::min(out.least_expected, expected);
  });
  out.p_value = bins > 1 ? ChiSquareTail(out.statistic, out.degrees) : 1;
  return out;
}

}  // namespace

TableTest ChiSquareTest(Counts reference, Counts current, Correction correction) {
  const bool yates = correction == Correction::kYates && PopulatedBins(reference, current) == 2;
  return Test(reference, current, [&](double observed, double expected) {
    double difference = std::fabs(observed - expected);
    if (yates) difference -= std::min(0.5, difference);
    return difference * difference / expected;
  });
}

TableTest GTest(Counts reference, Counts current) {
  return Test(reference, current, [](double observed, double expected) {
    return observed > 0 ? 2 * observed * std::log(observed / expected) : 0;
  });
}

double CramersV(double chi_square, double observations) { return std::sqrt(chi_square / observations); }

bool EnoughForTable(Counts reference, Counts current) {
  constexpr double kLeast = 1, kUsual = 5;
  const double n = TotalOf(reference);
  const double m = TotalOf(current);
  std::size_t cells = 0, usual = 0;
  bool enough = n > 0 && m > 0;
  ForCells(reference, current, n, m, [&](double, double expected) {
    ++cells;
    usual += expected >= kUsual ? 1 : 0;
    enough = enough && expected >= kLeast;
  });
  return enough && usual * 5 >= cells * 4;
}

}  // namespace bellwether::judge
