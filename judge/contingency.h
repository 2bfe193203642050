// judge/contingency.h
//
// Tests of whether two columns of counts come from one distribution: a table of two rows. Both sides are samples here;
// taking the reference for the exact truth, as some libraries do, raises false alarms to several times the promised
// share at equal sizes.
#pragma once

#include <vector>

#include "judge/distribution.h"
#include "judge/divergence.h"

namespace bellwether::judge {

// All NaN if a side is empty. One populated bin: statistic 0, p 1.
struct TableTest {
  double statistic = kUnknown;
  double degrees = kUnknown;
  double p_value = kUnknown;
  double least_expected = kUnknown;  // The smallest expected count of a cell.
};

// Yates' correction applies to tables of two bins only.
enum class Correction : unsigned char { kNone, kYates };
[[nodiscard]] TableTest ChiSquareTest(Counts reference, Counts current, Correction correction = Correction::kNone);
// The log-likelihood ratio.
[[nodiscard]] TableTest GTest(Counts reference, Counts current);

// The size of the effect that a chi-square statistic shows, 0..1; n + m observations.
[[nodiscard]] double CramersV(double chi_square, double observations);

// Whether the law behind the p-value holds: at least 1 expected in each cell, at least 5 in four of five.
[[nodiscard]] bool EnoughForTable(Counts reference, Counts current);

// Puts bins together until five are expected in each cell: neighbours, or where there is no order the rarest. One bin
// or none is left where there are too few observations.
enum class BinOrder : unsigned char { kNeighbours, kAny };
struct CountTable {
  std::vector<double> reference;
  std::vector<double> current;
};
[[nodiscard]] CountTable MergeRare(Counts reference, Counts current, BinOrder order);

}  // namespace bellwether::judge
