#include <cmath>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "promql/engine.h"
#include "promql/histogram/arithmetic.h"
#include "promql/histogram/buckets.h"
#include "promql/histogram/classic.h"
#include "promql/histogram/compensated.h"
#include "promql/histogram/quantile.h"
#include "promql/histogram/trim.h"
#include "promql/parser/series_description.h"

namespace bellwether::promql::histogram {
namespace {

using metric::CounterResetHint;
using metric::NativeHistogram;

constexpr double kInf = std::numeric_limits<double>::infinity();

// A histogram in the notation of test files, without the braces.
NativeHistogram H(const std::string& description) {
  const auto series = ParseSeriesDescription("h {{" + description + "}}");
  EXPECT_TRUE(series.ok()) << series.status().message();
  return series.ok() ? *series->values.front().histogram : NativeHistogram();
}

void ExpectSame(const NativeHistogram& got, const std::string& description) {
  const NativeHistogram want = H(description);
  EXPECT_TRUE(Equal(got, Compact(want))) << "got " << FormatHistogram(got) << " of schema " << got.schema
                                         << ", expected " << FormatHistogram(want);
}

TEST(HistogramBounds, AreExact) {
  EXPECT_EQ(UpperBound(0, 0, {}), 1);
  EXPECT_EQ(UpperBound(3, 0, {}), 8);
  EXPECT_EQ(UpperBound(-3, 0, {}), 0.125);
  EXPECT_EQ(UpperBound(1, 1, {}), 1.414213562373095);
  EXPECT_EQ(UpperBound(255, 8, {}), 1.9945921121709396);
  EXPECT_EQ(UpperBound(1, 8, {}), 1.0027112750502025);
  EXPECT_EQ(UpperBound(1, -2, {}), 16);
  EXPECT_EQ(UpperBound(64, -4, {}), std::numeric_limits<double>::max());
  EXPECT_EQ(UpperBound(65, -4, {}), kInf);
  EXPECT_EQ(UpperBound(1024, 0, {}), std::numeric_limits<double>::max());
  EXPECT_EQ(UpperBound(1025, 0, {}), kInf);
  const std::vector<double> bounds = {5, 10};
  EXPECT_EQ(UpperBound(1, metric::kCustomBucketsSchema, bounds), 10);
  EXPECT_EQ(UpperBound(2, metric::kCustomBucketsSchema, bounds), kInf);
  EXPECT_EQ(UpperBound(-1, metric::kCustomBucketsSchema, bounds), -kInf);
}

TEST(HistogramText, ShowsPopulatedBuckets) {
  EXPECT_EQ(FormatHistogram(H("count:7 sum:-2.5 z_bucket:2 z_bucket_w:0.001 buckets:[1 0 2] n_buckets:[2]")),
            "{count:7, sum:-2.5, [-1,-0.5):2, [-0.001,0.001]:2, (0.5,1]:1, (2,4]:2}");
  EXPECT_EQ(FormatHistogram(H("schema:-53 count:3 sum:2 custom_values:[5] buckets:[1 2]")),
            "{count:3, sum:2, [-Inf,5]:1, (5,+Inf]:2}");
  const auto buckets = BucketsOf(H("count:3 z_bucket:1 z_bucket_w:0.5 buckets:[0 1] n_buckets:[1]"));
  ASSERT_EQ(buckets.size(), 3u);
  EXPECT_EQ(buckets[0].rule, 1);
  EXPECT_EQ(buckets[1].rule, 3);
  EXPECT_EQ(buckets[2].rule, 0);
  EXPECT_EQ(buckets[2].upper, 2);
}

TEST(HistogramCompact, DropsEmptyBuckets) {
  const NativeHistogram h = Compact(H("count:3 buckets:[0 1 0 0 2 0] offset:-2 n_buckets:[0 0]"));
  EXPECT_EQ(h.positive_spans, (std::vector<metric::BucketSpan>{{-1, 1}, {2, 1}}));
  EXPECT_EQ(h.positive_buckets, (std::vector<double>{1, 2}));
  EXPECT_TRUE(h.negative_spans.empty());
}

TEST(HistogramAdd, ReconcilesSchemasAndZeroBuckets) {
  ExpectSame(Add(H("count:3 sum:1 buckets:[1 2]"), H("count:5 sum:2 buckets:[1 4] offset:1")).value,
             "count:8 sum:3 buckets:[1 3 4]");
  // Four buckets of schema 1 are two of schema 0.
  ExpectSame(Add(H("schema:1 count:10 buckets:[1 2 3 4] offset:1"), H("count:1 buckets:[1] offset:1")).value,
             "count:11 buckets:[4 7] offset:1");
  // 0.6 falls into the populated bucket (0.5, 1], so the zero bucket grows to 1.
  ExpectSame(Add(H("count:5 buckets:[2 3]"), H("count:1 z_bucket:1 z_bucket_w:0.6")).value,
             "count:6 z_bucket:3 z_bucket_w:1 buckets:[3] offset:1");
  ExpectSame(Add(H("count:1 z_bucket:1 z_bucket_w:0.6"), H("count:5 n_buckets:[2 3]")).value,
             "count:6 z_bucket:3 z_bucket_w:1 n_buckets:[3] n_offset:1");
}

TEST(HistogramAdd, ReconcilesCustomBounds) {
  const Combined sum = Add(H("schema:-53 count:6 custom_values:[1 2 5] buckets:[1 2 3]"),
                           H("schema:-53 count:10 custom_values:[2 5 9] buckets:[1 2 3 4]"));
  EXPECT_TRUE(sum.bounds_reconciled);
  ExpectSame(sum.value, "schema:-53 count:16 custom_values:[2 5] buckets:[4 5 7]");
  const Combined apart = Add(H("schema:-53 count:3 custom_values:[1] buckets:[1 2]"),
                             H("schema:-53 count:3 custom_values:[2] buckets:[1 2]"));
  ExpectSame(apart.value, "schema:-53 count:6 buckets:[6]");
  EXPECT_TRUE(Add(H("schema:-53 custom_values:[1]"), H("")).incompatible);
}

TEST(HistogramAdd, CombinesHints) {
  const auto hint = [](const char* a, const char* b) {
    return Add(H(std::string("counter_reset_hint:") + a), H(std::string("counter_reset_hint:") + b));
  };
  EXPECT_EQ(hint("reset", "reset").value.reset_hint, CounterResetHint::kReset);
  EXPECT_EQ(hint("gauge", "reset").value.reset_hint, CounterResetHint::kGauge);
  EXPECT_EQ(hint("not_reset", "unknown").value.reset_hint, CounterResetHint::kUnknown);
  EXPECT_FALSE(hint("not_reset", "unknown").reset_collision);
  EXPECT_TRUE(hint("not_reset", "reset").reset_collision);
}

TEST(HistogramScale, ScalesAndDivides) {
  ExpectSame(Scale(H("count:2 sum:3 z_bucket:1 buckets:[1]"), -2), "count:-4 sum:-6 z_bucket:-2 buckets:[-2]");
  EXPECT_EQ(Scale(H("count:2"), -2).reset_hint, CounterResetHint::kGauge);
  const NativeHistogram by_zero = Divide(H("count:2 sum:-3 buckets:[2]"), 0);
  EXPECT_EQ(by_zero.count, kInf);
  EXPECT_EQ(by_zero.sum, -kInf);
  EXPECT_TRUE(std::isnan(by_zero.zero_count));
  EXPECT_TRUE(by_zero.positive_buckets.empty());
}

TEST(HistogramDetectReset, LooksAtEverythingButTheSum) {
  const auto reset = [](const std::string& before, const std::string& now) { return DetectReset(H(now), H(before)); };
  EXPECT_FALSE(reset("count:3 sum:9 buckets:[1 2]", "count:4 sum:1 buckets:[1 3]"));
  EXPECT_TRUE(reset("count:3 buckets:[1 2]", "count:4 buckets:[4]"));
  EXPECT_TRUE(reset("count:3 buckets:[1 2]", "count:2 buckets:[1 1]"));
  EXPECT_FALSE(reset("schema:1 count:3 buckets:[1 2] offset:1", "count:3 buckets:[3] offset:1"));
  EXPECT_TRUE(reset("count:3 buckets:[3]", "schema:1 count:3 buckets:[3]"));
  EXPECT_TRUE(reset("count:1 z_bucket:1 z_bucket_w:0.5", "count:1 z_bucket:1 z_bucket_w:0.25"));
  EXPECT_TRUE(reset("count:1 buckets:[1]", "count:1 z_bucket:1 z_bucket_w:0.75"));
  EXPECT_FALSE(reset("count:1 buckets:[1]", "count:1 z_bucket:1 z_bucket_w:1"));
  EXPECT_TRUE(reset("count:3", "count:3 counter_reset_hint:reset"));
  EXPECT_FALSE(reset("count:3", "count:1 counter_reset_hint:not_reset"));
  EXPECT_TRUE(reset("count:3 buckets:[3]", "schema:-53 count:3 custom_values:[1] buckets:[3]"));
  EXPECT_FALSE(reset("schema:-53 count:3 custom_values:[1 2] buckets:[1 2]",
                     "schema:-53 count:3 custom_values:[2] buckets:[3]"));
  EXPECT_TRUE(reset("schema:-53 count:3 custom_values:[1 2] buckets:[1 2]",
                    "schema:-53 count:3 custom_values:[2] buckets:[2 1]"));
}

TEST(HistogramQuantile, InterpolatesByBucketKind) {
  const NativeHistogram h = H("count:8 sum:20 buckets:[2 4 2]");
  EXPECT_DOUBLE_EQ(Quantile(0.5, h).value, std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(Quantile(1, h).value, 4);
  EXPECT_DOUBLE_EQ(Quantile(0, h).value, 0.5);
  EXPECT_EQ(Quantile(-1, h).value, -kInf);
  EXPECT_EQ(Quantile(2, h).value, kInf);
  EXPECT_TRUE(std::isnan(Quantile(0.5, H("")).value));
  const NativeHistogram custom = H("schema:-53 count:4 sum:9 custom_values:[5 10] buckets:[2 1 1]");
  EXPECT_DOUBLE_EQ(Quantile(0.25, custom).value, 2.5);
  EXPECT_DOUBLE_EQ(Quantile(0.99, custom).value, 10);
  const NativeHistogram with_nan = H("count:4 sum:NaN buckets:[2]");
  EXPECT_EQ(Quantile(0.9, with_nan).nan, NanEffect::kResultIsNan);
  EXPECT_EQ(Quantile(0.1, with_nan).nan, NanEffect::kResultIsHigher);
}

TEST(HistogramFraction, IsTheInverse) {
  const NativeHistogram h = H("count:9 sum:20 z_bucket:1 z_bucket_w:0.25 buckets:[2 4 2] n_buckets:[0]");
  for (const double q : {0.2, 0.4, 0.6, 0.8}) {
    EXPECT_NEAR(Fraction(-kInf, Quantile(q, h).value, h).value, q, 1e-12) << q;
  }
  EXPECT_DOUBLE_EQ(Fraction(1, 2, H("count:8 sum:20 buckets:[2 4 2]")).value, 0.5);
  EXPECT_EQ(Fraction(2, 1, h).value, 0);
  EXPECT_TRUE(Fraction(0, kInf, H("count:3 sum:NaN buckets:[2]")).nan_excluded);
}

TEST(HistogramTrim, SplitsTheBucketOfTheBound) {
  const NativeHistogram h = H("count:8 sum:20 buckets:[2 4 2]");
  EXPECT_TRUE(Equal(Trim(h, 4, Keep::kAtOrBelow), h));
  const NativeHistogram below = Trim(h, 2, Keep::kAtOrBelow);
  EXPECT_EQ(below.positive_buckets, (std::vector<double>{2, 4}));
  EXPECT_EQ(below.count, 6);
  EXPECT_DOUBLE_EQ(below.sum, 2 * std::sqrt(0.5) + 4 * std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(Trim(h, std::sqrt(2.0), Keep::kAtOrAbove).count, 4);
  EXPECT_EQ(Trim(h, 100, Keep::kAtOrAbove).count, 0);
  const NativeHistogram custom = H("schema:-53 count:4 sum:9 custom_values:[5 10] buckets:[2 1 1]");
  EXPECT_DOUBLE_EQ(Trim(custom, 2.5, Keep::kAtOrBelow).count, 1);
  EXPECT_DOUBLE_EQ(Trim(custom, 7.5, Keep::kAtOrAbove).count, 1.5);
}

TEST(HistogramClassic, QuantileAndFraction) {
  const std::vector<ClassicBucket> buckets = {{kInf, 10}, {1, 4}, {2, 8}};
  EXPECT_DOUBLE_EQ(ClassicQuantile(0.5, buckets).value, 1.25);
  EXPECT_DOUBLE_EQ(ClassicQuantile(0.2, buckets).value, 0.5);
  EXPECT_DOUBLE_EQ(ClassicQuantile(0.9, buckets).value, 2);
  EXPECT_DOUBLE_EQ(ClassicFraction(0.5, 1.5, buckets), 0.4);
  EXPECT_TRUE(std::isnan(ClassicQuantile(0.5, {{1, 4}, {2, 8}}).value));
  const auto fixed = ClassicQuantile(0.5, {{1, 6}, {2, 4}, {kInf, 10}});
  EXPECT_TRUE(fixed.forced_monotonic);
  EXPECT_EQ(fixed.min_bucket, 2);
  EXPECT_EQ(fixed.max_difference, 2);
  EXPECT_FALSE(ClassicQuantile(0.5, {{1, 6}, {2, 6 - 1e-13}, {kInf, 10}}).forced_monotonic);
}

// Random histograms, small whole counts so that sums are exact.
class HistogramProperties : public testing::Test {
 protected:
  NativeHistogram Random() {
    NativeHistogram h;
    h.is_float = true;
    h.schema = Between(-2, 3);
    // Powers of four, which are bounds in all of these schemas: no bucket lies half in the zero bucket.
    h.zero_threshold = Between(0, 1) == 0 ? 0 : std::ldexp(1.0, 4 * Between(-2, -1));
    h.zero_count = Between(0, 3);
    h.sum = Between(-50, 50);
    h.count = h.zero_count;
    Fill(h, h.positive_spans, h.positive_buckets);
    Fill(h, h.negative_spans, h.negative_buckets);
    return h;
  }

  int Between(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

  static constexpr unsigned kSeed = 20260821;
  std::mt19937 random_{kSeed};

 private:
  // Only outside of the zero bucket.
  void Fill(NativeHistogram& h, std::vector<metric::BucketSpan>& spans, std::vector<double>& buckets) {
    std::vector<IndexedCount> flat;
    for (int index = Between(-6, 2), n = Between(0, 6); n > 0; --n, index += Between(1, 3)) {
      if (UpperBound(index - 1, h.schema, {}) < h.zero_threshold) continue;
      flat.push_back({index, static_cast<double>(Between(0, 4))});
      h.count += flat.back().count;
    }
    Pack(flat, spans, buckets);
  }
};

double CountInBuckets(const NativeHistogram& h) {
  double total = h.zero_count;
  for (const double c : h.positive_buckets) total += c;
  for (const double c : h.negative_buckets) total += c;
  return total;
}

TEST_F(HistogramProperties, AdditionKeepsCountsAndCommutes) {
  for (int round = 0; round < 2000; ++round) {
    const NativeHistogram a = Random(), b = Random();
    const NativeHistogram ab = Add(a, b).value;
    EXPECT_TRUE(Equal(ab, Add(b, a).value)) << "seed " << kSeed << " round " << round;
    EXPECT_EQ(CountInBuckets(ab), ab.count) << "seed " << kSeed << " round " << round;
    if (a.zero_threshold == b.zero_threshold) {
      EXPECT_TRUE(Equal(Subtract(ab, b).value, Compact(metric::ReduceResolution(a, ab.schema)))) << round;
    }
    EXPECT_FALSE(DetectReset(ab, a)) << round;
  }
}

TEST_F(HistogramProperties, CompensatedSumsAgreeWithPlainOnes) {
  for (int round = 0; round < 500; ++round) {
    NativeHistogram plain = Random();
    CompensatedHistogram compensated(plain);
    for (int i = 0; i < 4; ++i) {
      const NativeHistogram h = Random();
      plain = Add(plain, h).value;
      EXPECT_FALSE(compensated.Add(h).incompatible);
    }
    EXPECT_TRUE(Equal(compensated.Total(), Compact(plain)))
        << "seed " << kSeed << " round " << round << ": " << FormatHistogram(compensated.Total()) << " and "
        << FormatHistogram(plain);
  }
}

TEST(HistogramCompensated, KeepsWhatPlainAdditionLoses) {
  CompensatedHistogram sum(H("count:1e100 sum:1e100 buckets:[1e100]"));
  sum.Add(H("count:1 sum:1 buckets:[1]"));
  sum.Add(H("count:-1e100 sum:-1e100 buckets:[-1e100]"));
  ExpectSame(sum.Total(), "count:1 sum:1 buckets:[1]");
  EXPECT_FALSE(sum.HasOverflow());
  sum.Add(H("count:Inf"));
  EXPECT_TRUE(sum.HasOverflow());
}

}  // namespace
}  // namespace bellwether::promql::histogram
