// Sliding aggregates against each window anew, over the values that have rules of their own.
#include "promql/functions/sliding.h"

#include <algorithm>
#include <bit>
#include <random>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace bellwether::promql {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

std::vector<double> RandomValues(std::mt19937_64& random) {
  const auto below = [&](std::uint64_t n) { return random() % n; };
  const std::uint64_t odd = below(3) == 0 ? 0 : 1 + below(30);  // One in so many has a rule of its own; 0: none.
  std::vector<double> values(1 + below(600));
  for (double& v : values) {
    v = static_cast<double>(below(1'000'003)) / 97 - 5000;
    constexpr double kOdd[] = {kNan, kInf, -kInf, 0.0, -0.0, 1e308, -1e308, 1e-300};
    if (odd > 0 && below(odd) == 0) v = kOdd[below(std::size(kOdd))];
  }
  return values;
}

// Windows that move forward, not all by as much, some past everything seen.
template <typename Visit>
void ForRandomWindows(std::mt19937_64& random, std::size_t size, Visit&& visit) {
  const std::size_t stride = 1 + random() % 40;
  const std::size_t length = 1 + random() % 300;
  std::size_t begin = 0;
  std::size_t end = 0;
  while (end < size) {
    end = std::min(size, end + 1 + random() % stride);
    begin = std::max(begin, end > length ? end - length : 0);
    if (random() % 20 == 0) begin = end - 1;
    visit(begin, end);
  }
}

void ExpectSame(double got, double expected, double tolerance) {
  if (std::isfinite(expected) && tolerance > 0) {
    EXPECT_NEAR(got, expected, tolerance * std::fabs(expected) + tolerance);
  } else if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(got)) << got;
  } else {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(got), std::bit_cast<std::uint64_t>(expected)) << got << " " << expected;
  }
}

template <typename Better>
double ExtremeAnew(std::span<const double> values) {
  double best = values[0];
  for (const double v : values) {
    if (std::isnan(best) || Better()(v, best)) best = v;
  }
  return best;
}

double SumAnew(std::span<const double> values) {
  KahanSum sum;
  for (const double v : values) sum.Add(v);
  return std::isinf(sum.sum) ? sum.sum : sum.Total();
}

double MeanAnew(std::span<const double> values) {
  KahanMean mean;
  for (const double v : values) mean.Add(v);
  return mean.Mean();
}

TEST(Sliding, AgreesWithEachWindowAnew) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const std::vector<double> values = RandomValues(random);
    SlidingExtreme<std::less<>> least(values);
    SlidingExtreme<std::greater<>> greatest(values);
    SlidingSum sum(values);
    SlidingMean mean(values);
    SlidingOrder order(values);
    ForRandomWindows(random, values.size(), [&](std::size_t begin, std::size_t end) {
      const auto window = std::span<const double>(values).subspan(begin, end - begin);
      ExpectSame(least.At(begin, end), ExtremeAnew<std::less<>>(window), 0);
      ExpectSame(greatest.At(begin, end), ExtremeAnew<std::greater<>>(window), 0);
      const bool huge = std::any_of(window.begin(), window.end(), [](double v) { return std::fabs(v) > 1e300; });
      if (!huge) {  // Sums that overflow on the way depend on their order.
        ExpectSame(sum.At(begin, end), SumAnew(window), 1e-13);
        ExpectSame(mean.At(begin, end), MeanAnew(window), 1e-13);
      }
      order.MoveTo(begin, end);
      std::vector<double> sorted(window.begin(), window.end());
      std::sort(sorted.begin(), sorted.end(), [](double a, double b) {
        return std::pair(!std::isnan(a), std::isnan(a) ? 0 : a) < std::pair(!std::isnan(b), std::isnan(b) ? 0 : b);
      });
      ASSERT_EQ(order.size(), sorted.size());
      for (std::size_t i = 0; i < sorted.size(); ++i) {
        if (sorted[i] != 0 || order[i] != 0) ExpectSame(order[i], sorted[i], 0);
      }
    });
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace bellwether::promql
