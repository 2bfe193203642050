#include "judge/distribution.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "judge/alignment.h"
#include "judge/categories.h"
#include "judge/divergence.h"
#include "judge/exponential.h"

namespace bellwether::judge {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

Distribution Classic(std::vector<CumulativeCount> buckets) {
  Distribution out;
  EXPECT_EQ(FromClassic(buckets, out), BucketFault::kNone);
  return out;
}

metric::NativeHistogram Exponential(std::int32_t schema, std::int32_t first, std::vector<double> counts) {
  metric::NativeHistogram h;
  h.is_float = true;
  h.schema = schema;
  h.zero_threshold = 1e-6;
  h.positive_spans = {{first, static_cast<std::uint32_t>(counts.size())}};
  h.positive_buckets = std::move(counts);
  h.count = TotalOf(h.positive_buckets);
  return h;
}

TEST(ClassicBuckets, BecomeBins) {
  EXPECT_THAT(Classic({{1, 10}, {2, 30}, {kInfinite, 35}}).bins.counts, ElementsAre(10, 20, 5));
  EXPECT_THAT(Classic({{1, 10}, {2, 30}, {kInfinite, 35}}).bins.edges, ElementsAre(0, 1, 2, kInfinite));
  // With a bound that is not positive the first bin is open.
  EXPECT_THAT(Classic({{-1, 10}, {kInfinite, 35}}).bins.edges, ElementsAre(-kInfinite, -1, kInfinite));
}

TEST(ClassicBuckets, AreRepaired) {
  // In any order; equal bounds are added up; a fall is carried; a step within rounding is none.
  EXPECT_THAT(Classic({{2, 30}, {kInfinite, 35}, {1, 10}}).bins.counts, ElementsAre(10, 20, 5));
  EXPECT_THAT(Classic({{1, 10}, {1, 5}, {kInfinite, 35}}).bins.counts, ElementsAre(15, 20));
  EXPECT_THAT(Classic({{1, 10}, {2, 8}, {3, 12}, {kInfinite, 12}}).bins.counts, ElementsAre(10, 0, 2, 0));
  EXPECT_THAT(Classic({{1, 10}, {2, 10 + 1e-13}, {kInfinite, 12}}).bins.counts, ElementsAre(10, 0, 2));
}

TEST(ClassicBuckets, SayWhyTheyAreUnusable) {
  Distribution out;
  std::vector<CumulativeCount> none, open = {{1, 2}}, single = {{kInfinite, 2}};
  EXPECT_EQ(FromClassic(none, out), BucketFault::kNoInfinityBucket);
  EXPECT_EQ(FromClassic(open, out), BucketFault::kNoInfinityBucket);
  EXPECT_EQ(FromClassic(single, out), BucketFault::kTooFewBuckets);
}

TEST(NativeHistograms, BecomeBinsWithTheirGaps) {
  metric::NativeHistogram h = Exponential(0, 1, {4});  // (1, 2]
  h.positive_spans.push_back({1, 1});                  // (4, 8]
  h.positive_buckets.push_back(6);
  h.zero_count = 3;
  Distribution d;
  FromNative(h, d);
  EXPECT_THAT(d.bins.edges, ElementsAre(0, 1e-6, 1, 2, 4, 8));
  EXPECT_THAT(d.bins.counts, ElementsAre(3, 0, 4, 0, 6));
  EXPECT_EQ(d.exponential, &h);
}

TEST(NativeHistograms, WithCustomBoundsArePlainBins) {
  metric::NativeHistogram h;
  h.schema = metric::kCustomBucketsSchema;
  h.custom_values = {1, 2};
  h.positive_spans = {{0, 1}, {1, 1}};
  h.positive_buckets = {5, 7};
  h.sum = 20;
  Distribution custom;
  FromNative(h, custom);
  EXPECT_THAT(custom.bins.edges, ElementsAre(0, 1, 2, kInfinite));
  EXPECT_THAT(custom.bins.counts, ElementsAre(5, 0, 7));
  EXPECT_EQ(custom.sum, 20);
  AlignedPair pair;
  EXPECT_EQ(Align(Classic({{1, 10}, {2, 30}, {kInfinite, 35}}), custom, 0, pair), AlignmentFault::kNone);
}

TEST(Alignment, KeepsSharedBounds) {
  AlignedPair pair;
  ASSERT_EQ(Align(Classic({{1, 10}, {2, 30}, {4, 40}, {kInfinite, 41}}),
                  Classic({{2, 5}, {3, 6}, {4, 7}, {kInfinite, 9}}), 0, pair),
            AlignmentFault::kNone);
  EXPECT_THAT(pair.edges, ElementsAre(0, 2, 4, kInfinite));
  EXPECT_THAT(pair.reference, ElementsAre(30, 10, 1));
  EXPECT_THAT(pair.current, ElementsAre(5, 2, 2));
}

TEST(Alignment, SaysWhatCannotBeCompared) {
  AlignedPair pair;
  const Distribution classic = Classic({{1, 10}, {kInfinite, 35}});
  const metric::NativeHistogram h = Exponential(0, 1, {4});
  Distribution native;
  FromNative(h, native);
  EXPECT_EQ(Align(classic, Classic({{2, 10}, {kInfinite, 35}}), 0, pair), AlignmentFault::kNoSharedBound);
  EXPECT_EQ(Align(classic, native, 0, pair), AlignmentFault::kMixedForms);
  EXPECT_EQ(Align(native, classic, 0, pair), AlignmentFault::kMixedForms);
}

TEST(Alignment, MeetsAtTheCoarserSchema) {
  const metric::NativeHistogram fine = Exponential(1, 1, {1, 2, 3, 4});  // Up to 2^2.
  const metric::NativeHistogram coarse = Exponential(0, 1, {10, 20});
  Distribution a, b;
  FromNative(fine, a);
  FromNative(coarse, b);
  AlignedPair pair;
  ASSERT_EQ(Align(a, b, 0, pair), AlignmentFault::kNone);
  EXPECT_THAT(pair.edges, ElementsAre(1, 2, 4));
  EXPECT_THAT(pair.reference, ElementsAre(3, 7));
  EXPECT_THAT(pair.current, ElementsAre(10, 20));
}

TEST(Alignment, ReducesResolutionToTheBinsWanted) {
  const metric::NativeHistogram h = Exponential(5, 1, std::vector<double>(160, 2.0));
  Distribution d;
  FromNative(h, d);
  AlignedPair pair;
  ASSERT_EQ(Align(d, d, kDivergenceBinsMax, pair), AlignmentFault::kNone);
  EXPECT_EQ(pair.reference.size(), 20U);  // Schema 2: four bins a doubling.
  EXPECT_THAT(TotalOf(pair.reference), DoubleEq(320));
}

TEST(Categories, BeyondTheMostAreOne) {
  std::vector<CategoryCount> counts = {{"a", 1, 7}, {"b", 9, 1}, {"c", 5, 2}, {"d", 1, 3}};
  FoldRare(counts, 2);
  ASSERT_EQ(counts.size(), 3U);
  EXPECT_EQ(counts[0].category, "b");
  EXPECT_EQ(counts[1].category, "c");
  EXPECT_EQ(counts[2].category, kOtherCategory);
  EXPECT_EQ(counts[2].reference, 2);
  EXPECT_EQ(counts[2].current, 10);
}

// What a monitor meets on its worst days; "no data" is never "no drift".
TEST(Divergences, OfOddInputs) {
  const std::vector<double> some = {1, 2, 3}, none = {0, 0, 0}, first = {5, 0, 0}, last = {0, 0, 9};
  for (const auto& [a, b] : {std::pair(none, some), std::pair(some, none), std::pair(none, none)}) {
    EXPECT_TRUE(std::isnan(Psi(a, b)));
    EXPECT_TRUE(std::isnan(KullbackLeibler(a, b)));
    EXPECT_TRUE(std::isnan(JensenShannon(a, b)));
    EXPECT_TRUE(std::isnan(Hellinger(a, b)));
    EXPECT_TRUE(std::isnan(TotalVariation(a, b)));
  }
  EXPECT_EQ(Psi(first, first), 0);
  EXPECT_EQ(Psi(first, last, ZeroRule::kNone), kInfinite);
  EXPECT_TRUE(std::isfinite(Psi(first, last)));
  EXPECT_DOUBLE_EQ(JensenShannon(first, last), std::log(2));
  EXPECT_DOUBLE_EQ(Hellinger(first, last), 1);
  EXPECT_DOUBLE_EQ(TotalVariation(first, last), 1);
}

TEST(Divergences, AreTheSumOfTheirBins) {
  const std::vector<double> a = {10, 0, 40, 0, 7}, b = {12, 0, 20, 5, 9};
  std::vector<double> parts(a.size());
  PsiByBin(a, b, parts);
  EXPECT_DOUBLE_EQ(TotalOf(parts), Psi(a, b));
  EXPECT_EQ(parts[1], 0);
}

}  // namespace
}  // namespace bellwether::judge
