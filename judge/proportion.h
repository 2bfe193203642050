// judge/proportion.h
//
// Shares of a whole (missing values, outliers, a class): intervals of one, the difference of two, the spread of many.
#pragma once

#include <span>

#include "judge/kolmogorov_smirnov.h"

namespace bellwether::judge {

struct Share {
  double hits = 0;
  double total = 0;
};

// Wilson's 95 % interval. NaN for a total of 0.
[[nodiscard]] Bounds WilsonInterval(Share share);

// Of two samples; z has the sign of reference - current. All NaN if a total is 0; z 0 if all or none are hits.
struct ShareTest {
  double difference = kUnknown;  // current - reference
  double z = kUnknown;
  double p_value = kUnknown;
};
[[nodiscard]] ShareTest CompareShares(Share reference, Share current);

// How unlike the rates of several groups are; NaN rates are left out, NaN without any.
struct Parity {
  double difference = kUnknown;  // Largest - smallest.
  double ratio = kUnknown;       // Smallest / largest; 1 if all are 0.
};
[[nodiscard]] Parity ParityOf(std::span<const double> rates);

}  // namespace bellwether::judge
