#include "judge/moments.h"

#include <cmath>
#include <vector>

#include "judge/special_functions.h"

namespace bellwether::judge {

double Moments::deviation() const { return std::sqrt(variance); }

Moments MomentsOf(const Bins& bins, double sum) {
  std::vector<double> middles;
  Representatives(bins.edges, bins.spacing, middles);
  return MomentsAt(middles, bins.counts, sum);
}

Moments MomentsAt(std::span<const double> points, std::span<const double> counts, double sum) {
  Moments out;
  out.count = TotalOf(counts);
  if (!(out.count > 0)) return out;
  const auto mean_of = [&](auto value) {
    double total = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] > 0) total += counts[i] * value(points[i]);
    }
    return total / out.count;
  };
  out.middle_mean = mean_of([](double x) { return x; });
  out.mean = std::isnan(sum) ? out.middle_mean : sum / out.count;
  const auto squared_from = [&](double centre) {
    return mean_of([&](double x) { return (x - centre) * (x - centre); });
  };
  out.variance_about_mean = squared_from(out.mean);
  // Rounding would leave a single value some spread, to be divided by later.
  out.variance = PopulatedIn(counts) > 1 ? squared_from(out.middle_mean) : 0;
  if (out.variance > 0) {
    const double m3 = mean_of([&](double x) { return std::pow(x - out.middle_mean, 3); });
    out.skewness = m3 / std::pow(out.variance, 1.5);
  }
  return out;
}

double MeanShift(const Moments& reference, const Moments& current) {
  return reference.variance > 0 ? (current.mean - reference.mean) / reference.deviation() : kUnknown;
}

double SpreadRatio(const Moments& reference, const Moments& current) {
  return reference.variance > 0 ? current.deviation() / reference.deviation() : kUnknown;
}

MeanTest CompareMeans(const Moments& reference, const Moments& current) {
  const double a = reference.variance / reference.count;
  const double b = current.variance / current.count;
  if (!(a + b > 0)) return {};
  MeanTest out;
  out.t = (current.mean - reference.mean) / std::sqrt(a + b);
  out.degrees = (a + b) * (a + b) / (a * a / (reference.count - 1) + b * b / (current.count - 1));
  out.p_value = 2 * StudentTail(std::fabs(out.t), out.degrees);
  return out;
}

BinQuantile QuantileOf(const Bins& bins, double q) {
  const double total = TotalOf(bins.counts);
  if (!(total > 0) || !(q >= 0 && q <= 1)) return {};
  const double rank = q * total;
  double below = 0;
  std::size_t i = 0;
  for (; i + 1 < bins.size() && below + bins.counts[i] < rank; ++i) below += bins.counts[i];
  const double lower = bins.edges[i];
  const double upper = bins.edges[i + 1];
  if (std::isinf(upper)) return {lower, lower, upper};
  if (std::isinf(lower)) return {upper, lower, upper};
  const double within = bins.counts[i] > 0 ? (rank - below) / bins.counts[i] : 0;
  return {lower + (upper - lower) * within, lower, upper};
}

double SkewnessOf(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  const double mean = TotalOf(values) / n;
  double m2 = 0, m3 = 0;
  for (const double v : values) {
    m2 += (v - mean) * (v - mean);
    m3 += (v - mean) * (v - mean) * (v - mean);
  }
  return m2 > 0 ? m3 / n / std::pow(m2 / n, 1.5) : kUnknown;
}

}  // namespace bellwether::judge
