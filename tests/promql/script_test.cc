#include "tests/promql/script.h"

#include <gtest/gtest.h>

#include "promql/parser.h"
#include "tests/promql/comparison.h"
#include "tests/promql/custom_buckets.h"
#include "tests/promql/pinned.h"

namespace bellwether::promqltest {
namespace {

TEST(Script, ReadsExpectations) {
  const auto commands = ParseScript(R"(
load 30s
  up{job="a"}@st -1m _
  up{job="a"} 1 2

eval instant at 1m30s sum(up)
  expect warn msg: PromQL warning: x
  expect no_info
  expect ordered
  {} 3

eval range from 0 to 1m step 30s up
  up{job="a"} 1 _ 2

eval_fail instant at 0 up
  expected_fail_regexp invalid .* expression

eval instant at 0 1 + 1
  2

eval instant at 50s up[1m]
  expect range vector from 0 to 30s step 30s
  up{job="a"} 1 2

eval instant at 0 "x"
  expect string `x`
)");
  ASSERT_TRUE(commands.ok()) << commands.status().message();
  ASSERT_EQ(commands->size(), 7u);
  const auto& load = std::get<LoadCommand>((*commands)[0].what);
  EXPECT_EQ(load.step, base::Seconds(30));
  EXPECT_EQ(load.series.begin()->second.start_time_offsets[0], base::Minutes(-1));
  const auto eval = [&](std::size_t i) { return std::get<EvalCommand>((*commands)[i].what); };
  EXPECT_EQ(eval(1).at.ms, 90'000);
  EXPECT_EQ(eval(1).warnings[0].text, "PromQL warning: x");
  EXPECT_TRUE(eval(1).no_infos && eval(1).ordered && !eval(1).no_warnings);
  EXPECT_TRUE(eval(2).is_range);
  EXPECT_EQ(eval(2).series.begin()->second.values.size(), 3u);
  EXPECT_TRUE(eval(3).failure->Matches("an invalid regular expression"));
  EXPECT_FALSE(eval(3).failure->Matches("something else"));
  EXPECT_EQ(eval(4).scalar, 2);
  EXPECT_TRUE(eval(5).expects_range_vector);
  EXPECT_EQ(eval(6).string, "x");
}

TEST(Script, TellsTheLineOfAnError) {
  const auto error = [](std::string_view text) { return ParseScript(text).status().message(); };
  EXPECT_EQ(error("\nfoo"), "line 2: invalid command \"foo\"");
  EXPECT_EQ(error("eval instant at 0 1 +"), "line 1: 1:4: parse error: unexpected end of input");
  EXPECT_EQ(error("eval instant at 0 up\n expect fail\n expect fail"),
            "line 3: multiple expect fail lines are not allowed");
}

TEST(PinTimes, WritesTheTimeIntoSelectors) {
  const auto pinned = [](std::string_view query) {
    const auto expr = promql::Parse(query);
    return PinTimes(**expr, base::TimestampMs(5000)).value_or("none");
  };
  EXPECT_EQ(pinned("a + b offset 1m"), "a @ 5.000 + b @ 5.000 offset 1m");
  EXPECT_EQ(pinned("rate(a[5m] @ 3)"), "rate(a[5m] @ 3.000)");
  EXPECT_EQ(pinned("sum_over_time(a[5m:1m] @ end())"), "sum_over_time(a[5m:1m] @ 5.000)");
  EXPECT_EQ(pinned("topk(scalar(c), a)"), "topk(scalar(c @ 5.000), a @ 5.000)");
  EXPECT_EQ(pinned("a + time()"), "none");
}

TEST(Comparison, AlmostEqual) {
  EXPECT_TRUE(AlmostEqual(1, 1 + 1e-6));
  EXPECT_FALSE(AlmostEqual(1, 1 + 3e-6));
  EXPECT_FALSE(AlmostEqual(0, 1e-300));
  EXPECT_TRUE(AlmostEqual(std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(AlmostEqual(std::numeric_limits<double>::infinity(), 1));
}

TEST(Comparison, TellsWhatDiffers) {
  const auto commands = ParseScript("eval instant at 0 up\n up{a=\"1\"} 3\n up{a=\"2\"} 4");
  const auto& eval = std::get<EvalCommand>(commands->front().what);
  const auto sample = [](std::string_view a, double value) {
    return promql::VectorSample{{{"__name__", "up"}, {"a", a}}, base::TimestampMs(), value, nullptr};
  };
  EXPECT_EQ(Difference(eval, promql::Value(promql::Vector{sample("2", 4), sample("1", 3)})), "");
  EXPECT_EQ(Difference(eval, promql::Value(promql::Vector{sample("1", 3)})),
            "expected up{a=\"2\"} with 4, but it is not in the result");
  EXPECT_EQ(Difference(eval, promql::Value(promql::Vector{sample("1", 5)})), "expected 3 for up{a=\"1\"}, got 5");
  EXPECT_EQ(Difference(eval, promql::Value(promql::Vector{sample("3", 5)})),
            "unexpected up{a=\"3\"} in the result, with 5");
  EXPECT_EQ(Difference(eval, promql::Value(promql::Scalar{})), "expected a vector or matrix, got the scalar 0");
}

TEST(CustomBuckets, FromClassicSeries) {
  const auto commands = ParseScript(R"(
load_with_nhcb 1m
  h_bucket{le="1",x="y"} 2
  h_bucket{le="5",x="y"} 5
  h_sum{x="y"} 9
)");
  const auto histograms = CustomBucketHistograms(std::get<LoadCommand>(commands->front().what));
  ASSERT_TRUE(histograms.ok());
  ASSERT_EQ(histograms->size(), 1u);
  EXPECT_EQ(histograms->begin()->first.ToMetricString(), "h{x=\"y\"}");
  const metric::NativeHistogram& h = histograms->begin()->second.at(base::TimestampMs());
  EXPECT_EQ(h.custom_values, (std::vector<double>{1, 5}));
  EXPECT_EQ(h.positive_buckets, (std::vector<double>{2, 3}));
  EXPECT_EQ(h.count, 5);
  EXPECT_EQ(h.sum, 9);
}

}  // namespace
}  // namespace bellwether::promqltest
