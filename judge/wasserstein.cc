#include "judge/wasserstein.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace bellwether::judge {
namespace {

// A bin of finite width, with both cumulative curves at its ends.
struct Stretch {
  double width = 0;
  double f_begin = 0, f_end = 0;
  double g_begin = 0, g_end = 0;
};

template <typename Visit>
bool ForStretches(const AlignedPair& pair, Visit visit) {
  const double n = TotalOf(pair.reference);
  const double m = TotalOf(pair.current);
  if (!(n > 0) || !(m > 0)) return false;
  double below_reference = 0, below_current = 0;
  for (std::size_t i = 0; i < pair.reference.size(); ++i) {
    Stretch s{.width = pair.edges[i + 1] - pair.edges[i], .f_begin = below_reference / n, .g_begin = below_current / m};
    below_reference += pair.reference[i];
    below_current += pair.current[i];
    s.f_end = below_reference / n;
    s.g_end = below_current / m;
    if (std::isfinite(s.width)) visit(s);
  }
  return true;
}

// Of the distance between two straight lines over the bin.
double AreaBetween(const Stretch& s) {
  const double begin = s.f_begin - s.g_begin;
  const double end = s.f_end - s.g_end;
  const double sum = std::fabs(begin) + std::fabs(end);
  if (begin * end >= 0) return s.width * sum / 2;
  return s.width * (begin * begin + end * end) / (2 * sum);
}

bool HasOpenMass(const AlignedPair& pair) {
  const std::size_t last = pair.reference.size() - 1;
  const auto mass = [&](std::size_t i) { return pair.reference[i] + pair.current[i] > 0; };
  return (std::isinf(pair.edges.front()) && mass(0)) || (std::isinf(pair.edges.back()) && mass(last));
}

}  // namespace

double Wasserstein(const AlignedPair& pair) {
  double sum = 0;
  const bool any = ForStretches(pair, [&](const Stretch& s) { sum += AreaBetween(s); });
  return any ? sum : kUnknown;
}

double WassersteinOfMiddles(const AlignedPair& pair) {
  std::vector<double> middles;
  Representatives(pair.edges, pair.spacing, middles);
  return WassersteinAt(middles, pair.reference, pair.current);
}

double WassersteinAt(std::span<const double> points, Counts reference, Counts current) {
  const double n = TotalOf(reference);
  const double m = TotalOf(current);
  if (!(n > 0) || !(m > 0)) return kUnknown;
  double sum = 0, f = 0, g = 0;
  for (std::size_t i = 0; i + 1 < points.size(); ++i) {
    f += reference[i] / n;
    g += current[i] / m;
    sum += std::fabs(f - g) * (points[i + 1] - points[i]);
  }
  return sum;
}

Bounds WassersteinBounds(const AlignedPair& pair) {
  Bounds out{0, 0};
  const bool any = ForStretches(pair, [&](const Stretch& s) {
    out.upper += s.width * std::max(s.f_end - s.g_begin, s.g_end - s.f_begin);
    out.lower += s.width * std::max({0.0, s.f_begin - s.g_end, s.g_begin - s.f_end});
  });
  if (!any) return {};
  if (HasOpenMass(pair)) out.upper = std::numeric_limits<double>::infinity();
  return out;
}

}  // namespace bellwether::judge
