// Bounds that statistics state are held against the exact value over raw samples, from random laws and random buckets.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "judge/alignment.h"
#include "judge/calibration.h"
#include "judge/kolmogorov_smirnov.h"
#include "judge/moments.h"
#include "judge/ranking.h"
#include "judge/wasserstein.h"

namespace bellwether::judge {
namespace {

constexpr std::uint64_t kSeed = 20261122;
constexpr int kRounds = 300;
constexpr double kSlack = 1e-9;
constexpr double kInf = std::numeric_limits<double>::infinity();

using Samples = std::vector<double>;

class RawData {
 public:
  Samples Draw() {
    Samples out(std::uniform_int_distribution<std::size_t>(1, 400)(random_));
    const double shift = std::normal_distribution<>(0, 1)(random_);
    const int law = std::uniform_int_distribution<>(0, 2)(random_);
    for (double& x : out) {
      x = law == 0   ? 5 + shift + std::normal_distribution<>(0, 1.5)(random_)
          : law == 1 ? std::exponential_distribution<>(0.5)(random_) + 0.01
                     : std::uniform_real_distribution<>(0, 10)(random_);
      x = std::fabs(x);
    }
    return out;
  }
  // Ascending bounds above 0, the last beyond all samples.
  std::vector<double> DrawBounds() {
    std::vector<double> bounds(std::uniform_int_distribution<std::size_t>(1, 12)(random_));
    for (double& b : bounds) b = std::round(std::uniform_real_distribution<>(0.1, 12)(random_) * 4) / 4 + 0.25;
    bounds.push_back(100);
    std::sort(bounds.begin(), bounds.end());
    bounds.erase(std::unique(bounds.begin(), bounds.end()), bounds.end());
    return bounds;
  }
  double Uniform() { return std::uniform_real_distribution<>(0, 1)(random_); }

 private:
  std::mt19937_64 random_{kSeed};
};

Distribution Bucketed(const Samples& samples, const std::vector<double>& bounds) {
  std::vector<CumulativeCount> buckets;
  for (const double upper : bounds) {
    buckets.push_back({upper, static_cast<double>(std::count_if(samples.begin(), samples.end(),
                                                                [&](double x) { return x <= upper; }))});
  }
  buckets.push_back({kInf, static_cast<double>(samples.size())});
  Distribution out;
  EXPECT_EQ(FromClassic(buckets, out), BucketFault::kNone);
  return out;
}

double ShareAtMost(const Samples& samples, double x) {
  return static_cast<double>(std::count_if(samples.begin(), samples.end(), [&](double v) { return v <= x; })) /
         static_cast<double>(samples.size());
}

// Largest gap, and area, between the curves of the samples.
struct ExactDistance {
  double ks = 0;
  double wasserstein = 0;
};
ExactDistance ExactOf(const Samples& a, const Samples& b) {
  Samples all = a;
  all.insert(all.end(), b.begin(), b.end());
  std::sort(all.begin(), all.end());
  ExactDistance out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double gap = std::fabs(ShareAtMost(a, all[i]) - ShareAtMost(b, all[i]));
    out.ks = std::max(out.ks, gap);
    if (i + 1 < all.size()) out.wasserstein += gap * (all[i + 1] - all[i]);
  }
  return out;
}

TEST(Bounds, HoldTheDistancesOfRawData) {
  RawData data;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(testing::Message() << "seed " << kSeed << " round " << round);
    const Samples a = data.Draw(), b = data.Draw();
    const std::vector<double> bounds = data.DrawBounds();
    const Distribution reference = Bucketed(a, bounds), current = Bucketed(b, bounds);
    const ExactDistance exact = ExactOf(a, b);
    AlignedPair pair;
    ASSERT_EQ(Align(reference, current, 0, pair), AlignmentFault::kNone);
    const Bounds ks = KsBounds(reference.bins, current.bins);
    EXPECT_LE(ks.lower, exact.ks + kSlack);
    EXPECT_GE(ks.upper, exact.ks - kSlack);
    EXPECT_NEAR(KsDistance(pair.reference, pair.current), ks.lower, kSlack);
    const Bounds area = WassersteinBounds(pair);
    EXPECT_LE(area.lower, exact.wasserstein + kSlack);
    EXPECT_GE(area.upper, exact.wasserstein - kSlack);
    EXPECT_GE(Wasserstein(pair), area.lower - kSlack);
    EXPECT_LE(Wasserstein(pair), area.upper + kSlack);
  }
}

TEST(Bounds, HoldTheKsDistanceOfRawDataBetweenUnequalBuckets) {
  RawData data;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(testing::Message() << "seed " << kSeed << " round " << round);
    const Samples a = data.Draw(), b = data.Draw();
    const Distribution reference = Bucketed(a, data.DrawBounds()), current = Bucketed(b, data.DrawBounds());
    const Bounds ks = KsBounds(reference.bins, current.bins);
    const double exact = ExactOf(a, b).ks;
    EXPECT_LE(ks.lower, exact + kSlack);
    EXPECT_GE(ks.upper, exact - kSlack);
    AlignedPair pair;
    ASSERT_EQ(Align(reference, current, 0, pair), AlignmentFault::kNone);  // 100 is a bound of both.
    EXPECT_LE(KsDistance(pair.reference, pair.current), ks.lower + kSlack);
  }
}

// Distances never grow when bins are put together: from buckets they are lower bounds.
TEST(Bounds, CoarserBinsNeverShowMore) {
  RawData data;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(testing::Message() << "seed " << kSeed << " round " << round);
    const Samples a = data.Draw(), b = data.Draw();
    const std::vector<double> coarse = data.DrawBounds();
    std::vector<double> fine = data.DrawBounds();
    fine.insert(fine.end(), coarse.begin(), coarse.end());
    std::sort(fine.begin(), fine.end());
    fine.erase(std::unique(fine.begin(), fine.end()), fine.end());
    AlignedPair on_fine, on_coarse;
    ASSERT_EQ(Align(Bucketed(a, fine), Bucketed(b, fine), 0, on_fine), AlignmentFault::kNone);
    ASSERT_EQ(Align(Bucketed(a, coarse), Bucketed(b, coarse), 0, on_coarse), AlignmentFault::kNone);
    const auto never_more = [&](auto distance) {
      EXPECT_LE(distance(on_coarse.reference, on_coarse.current),
                distance(on_fine.reference, on_fine.current) + kSlack);
    };
    never_more([](Counts p, Counts q) { return Psi(p, q, ZeroRule::kNone); });
    never_more([](Counts p, Counts q) { return KullbackLeibler(p, q, ZeroRule::kNone); });
    never_more(JensenShannon);
    never_more(Hellinger);
    never_more(TotalVariation);
    never_more(KsDistance);
  }
}

TEST(Bounds, HoldTheRankingOfRawScores) {
  RawData data;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(testing::Message() << "seed " << kSeed << " round " << round);
    const Samples positives = data.Draw(), negatives = data.Draw();
    const std::vector<double> bounds = data.DrawBounds();
    const Distribution p = Bucketed(positives, bounds), n = Bucketed(negatives, bounds);
    double won = 0, precision = 0;
    for (const double x : positives) {
      const double above_positives = (1 - ShareAtMost(positives, x)) * static_cast<double>(positives.size()) + 1;
      const double above_negatives = (1 - ShareAtMost(negatives, x)) * static_cast<double>(negatives.size());
      won += ShareAtMost(negatives, x);
      precision += above_positives / (above_positives + above_negatives);
    }
    const auto count = static_cast<double>(positives.size());
    const BoundedValue area = AreaUnderCurve(p.bins.counts, n.bins.counts);
    EXPECT_LE(area.lower, won / count + kSlack);
    EXPECT_GE(area.upper, won / count - kSlack);
    const BoundedValue average = AveragePrecision(p.bins.counts, n.bins.counts);
    EXPECT_LE(average.lower, precision / count + kSlack);
    EXPECT_GE(average.upper, precision / count - kSlack);
  }
}

TEST(Bounds, HoldTheCalibrationErrorOfRawScores) {
  RawData data;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(testing::Message() << "seed " << kSeed << " round " << round);
    const std::vector<double> edges = {0, 0.25, 0.5, 0.75, 1};
    std::vector<double> counts(4), positives(4), sums(4);
    for (int i = 0; i < 200; ++i) {
      const double score = data.Uniform();
      const std::size_t bin = std::min<std::size_t>(3, static_cast<std::size_t>(score * 4));
      ++counts[bin];
      sums[bin] += score;
      if (data.Uniform() < score * score) ++positives[bin];
    }
    const Calibration c = CalibrationOf({.edges = edges, .counts = counts, .positives = positives, .score_sums = sums});
    EXPECT_LE(c.error_bounds.lower, c.error + kSlack);
    EXPECT_GE(c.error_bounds.upper, c.error - kSlack);
    EXPECT_LE(c.error_bounds.lower, c.middle_error + kSlack);
    EXPECT_GE(c.error_bounds.upper, c.middle_error - kSlack);
  }
}

TEST(Bounds, HoldTheQuantilesOfRawData) {
  RawData data;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(testing::Message() << "seed " << kSeed << " round " << round);
    Samples samples = data.Draw();
    const Distribution d = Bucketed(samples, data.DrawBounds());
    std::sort(samples.begin(), samples.end());
    const auto rank = static_cast<std::size_t>(data.Uniform() * static_cast<double>(samples.size()));
    const BinQuantile quantile =
        QuantileOf(d.bins, (static_cast<double>(rank) + 0.5) / static_cast<double>(samples.size()));
    EXPECT_LE(quantile.lower, samples[rank]);
    EXPECT_GE(quantile.upper, samples[rank]);
    EXPECT_GE(quantile.value, quantile.lower);
    EXPECT_LE(quantile.value, quantile.upper);
  }
}

}  // namespace
}  // namespace bellwether::judge
