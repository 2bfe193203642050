#include "judge/importance.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include "judge/distribution.h"

namespace bellwether::judge {
namespace {

double DiscountedGain(std::span<const double> gains) {
  double sum = 0;
  for (std::size_t i = 0; i < gains.size(); ++i) sum += gains[i] / std::log2(static_cast<double>(i + 2));
  return sum;
}

template <typename Before>
std::vector<std::size_t> OrderBy(std::size_t size, Before before) {
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), before);
  return order;
}

std::vector<double> RanksOf(Counts values) {
  const auto order = OrderBy(values.size(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i + 1;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    const double rank = static_cast<double>(i + end + 1) / 2;  // The mean of i + 1 .. end.
    for (; i < end; ++i) ranks[order[i]] = rank;
  }
  return ranks;
}

}  // namespace

double RankingGain(Counts reference, Counts current) {
  std::vector<double> gains;
  for (const std::size_t i :
       OrderBy(current.size(), [&](std::size_t a, std::size_t b) { return current[a] > current[b]; })) {
    gains.push_back(reference[i]);
  }
  std::vector<double> ideal(reference.begin(), reference.end());
  std::sort(ideal.begin(), ideal.end(), std::greater<>());
  const double best = DiscountedGain(ideal);
  return best > 0 ? DiscountedGain(gains) / best : kUnknown;
}

double RankCorrelation(Counts reference, Counts current) {
  const std::vector<double> a = RanksOf(reference);
  const std::vector<double> b = RanksOf(current);
  const double mean = (static_cast<double>(a.size()) + 1) / 2;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean) * (b[i] - mean);
    aa += (a[i] - mean) * (a[i] - mean);
    bb += (b[i] - mean) * (b[i] - mean);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : kUnknown;
}

}  // namespace bellwether::judge
