#include "judge/contingency.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "judge/special_functions.h"

namespace bellwether::judge {
namespace {

// Of a cell: in all of them, and in four of five.
constexpr double kLeastExpected = 1;
constexpr double kUsualExpected = 5;

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

CountTable MergeRare(Counts reference, Counts current, BinOrder order) {
  std::vector<std::size_t> bins(reference.size());
  std::iota(bins.begin(), bins.end(), std::size_t{0});
  const auto column = [&](std::size_t i) { return reference[i] + current[i]; };
  if (order == BinOrder::kAny) {
    std::stable_sort(bins.begin(), bins.end(), [&](std::size_t a, std::size_t b) { return column(a) > column(b); });
  }
  const double n = TotalOf(reference);
  const double m = TotalOf(current);
  const double smaller_share = std::min(n, m) / (n + m);
  CountTable out;
  double a = 0, b = 0;
  for (const std::size_t i : bins) {
    a += reference[i];
    b += current[i];
    if ((a + b) * smaller_share < kUsualExpected) continue;
    out.reference.push_back(a);
    out.current.push_back(b);
    a = b = 0;
  }
  if (!out.reference.empty()) {  // What is left over joins the last.
    out.reference.back() += a;
    out.current.back() += b;
  }
  return out;
}

bool EnoughForTable(Counts reference, Counts current) {
  const double n = TotalOf(reference);
  const double m = TotalOf(current);
  std::size_t cells = 0, usual = 0;
  bool enough = n > 0 && m > 0;
  ForCells(reference, current, n, m, [&](double, double expected) {
    ++cells;
    usual += expected >= kUsualExpected ? 1 : 0;
    enough = enough && expected >= kLeastExpected;
  });
  return enough && usual * 5 >= cells * 4;
}

}  // namespace bellwether::judge
