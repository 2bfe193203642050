#include "promql/parser/series_description.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/number.h"
#include "metric/sample.h"

namespace bellwether::promql {
namespace {

std::string HistogramSketch(const SequenceValue& v) {
  const metric::NativeHistogram& h = *v.histogram;
  std::string out = "h(" + base::FormatNumber(h.count);
  for (const double b : h.positive_buckets) out += " " + base::FormatNumber(b);
  return out + (v.reset_hint_written ? "!)" : ")");
}

// The labels and values, or the error.
std::string Described(std::string_view line) {
  const auto series = ParseSeriesDescription(line);
  if (!series.ok()) return series.status().message();
  std::string out = series->labels.ToMetricString();
  for (const SequenceValue& v : series->values) {
    out += ' ';
    if (v.omitted) {
      out += '_';
    } else if (v.histogram != nullptr) {
      out += HistogramSketch(v);
    } else {
      out += metric::IsStaleMarker(v.value) ? "stale" : base::FormatNumber(v.value);
    }
  }
  return out;
}

TEST(SeriesDescription, Numbers) {
  EXPECT_EQ(Described("up 1 -2 +3 1.5 1e3"), "up 1 -2 3 1.5 1000");
  EXPECT_EQ(Described("up 1x2 3"), "up 1 1 1 3");
  EXPECT_EQ(Described("up 1+2x3"), "up 1 3 5 7");
  EXPECT_EQ(Described("up -1-2x2"), "up -1 -3 -5");
  EXPECT_EQ(Described("up _ _x2 stale Inf -inf NaN"), "up _ _ _ stale +Inf -Inf NaN");
  EXPECT_EQ(Described("up 5m 1"), "up 300 1");
  EXPECT_EQ(Described("up"), "up");
  EXPECT_EQ(Described("  {}\t7 "), "{} 7");
}

TEST(SeriesDescription, Metrics) {
  EXPECT_EQ(Described(R"(a{b="c } {{",d='e'} 1)"), R"(a{b="c } {{", d="e"} 1)");
  EXPECT_EQ(Described(R"({"my.metric","x y"="z"} 1)"), R"({"my.metric", "x y"="z"} 1)");
  EXPECT_EQ(Described(R"(sum{by="x"} 1)"), R"(sum{by="x"} 1)");
}

TEST(SeriesDescription, Histograms) {
  EXPECT_EQ(Described("h {{}}"), "h h(0)");
  EXPECT_EQ(Described("h {{schema:1 count:5 sum:-2 buckets:[1 4] offset:-3}}x1"), "h h(5 1 4) h(5 1 4)");
  EXPECT_EQ(Described("h {{count:1 buckets:[1]}}+{{count:2 buckets:[0 2] counter_reset_hint:gauge}}x2"),
            "h h(1 1!) h(3 1 2!) h(5 1 4!)");
  EXPECT_EQ(Described("h {{count:5 buckets:[5]}}-{{count:2 buckets:[2]}}x1"), "h h(5 5) h(3 3)");
  const auto series = ParseSeriesDescription(
      "h {{schema:-53 custom_values:[1 2.5] count:3 sum:NaN buckets:[1 2] n_buckets:[4] n_offset:2 z_bucket:1 "
      "z_bucket_w:0.5}}");
  ASSERT_TRUE(series.ok()) << series.status().message();
  const metric::NativeHistogram& h = *series->values[0].histogram;
  EXPECT_EQ(h.schema, metric::kCustomBucketsSchema);
  EXPECT_EQ(h.custom_values, (std::vector<double>{1, 2.5}));
  EXPECT_TRUE(std::isnan(h.sum));
  EXPECT_EQ(h.negative_spans, (std::vector<metric::BucketSpan>{{.offset = 2, .length = 1}}));
  EXPECT_EQ(h.zero_count, 1);
  EXPECT_EQ(h.zero_threshold, 0.5);
}

TEST(SeriesDescription, Errors) {
  EXPECT_EQ(Described("up foo"),
            "1:7: parse error: unexpected identifier \"foo\" in series values, expected number or \"stale\"");
  EXPECT_EQ(Described("up 1x"), "1:6: parse error: invalid repetition in series values: a whole number must follow x");
  EXPECT_EQ(Described("up 1+2"), "1:7: parse error: expected xN behind the increment in series values");
  EXPECT_EQ(Described("up 1x99999999999"), "1:17: parse error: series has more than 10000000 values");
  EXPECT_EQ(Described("h {{sum:1 sum:2}}"), "1:11: parse error: duplicate key \"sum\" in histogram");
  EXPECT_EQ(Described("h {{what:1}}"), "1:10: parse error: bad histogram descriptor found: \"what\"");
  EXPECT_EQ(Described("h {{schema:2}}+{{schema:1}}x1"),
            "1:30: parse error: error combining histograms: cannot merge from schema 1 to 2");
  EXPECT_EQ(Described("a{b!='c'} 1"), "1:4: parse error: unexpected <op:!=> in label set, expected \"=\"");
}

TEST(StartTimes, Offsets) {
  const auto offsets = [](std::string_view line) {
    const auto parsed = ParseStartTimesDescription(line);
    if (!parsed.ok()) return parsed.status().message();
    std::string out = parsed->labels.ToMetricString();
    for (const auto& offset : parsed->offsets) out += offset ? " " + std::to_string(offset->ms) : " _";
    return out;
  };
  EXPECT_TRUE(IsStartTimesLine(R"(a{b="c"}@st -1m)"));
  EXPECT_FALSE(IsStartTimesLine("a 1"));
  EXPECT_EQ(offsets(R"(a{b="c"}@st -1m _ _x2 0 -1msx1)"), R"(a{b="c"} -60000 _ _ _ 0 -1 -1)");
  EXPECT_EQ(offsets("a@st -1m+30sx2 1s-1sx1"), "a -60000 -30000 0 1000 0");
  EXPECT_EQ(offsets("a@st 1q"),
            "invalid @st sequence: invalid item \"1q\": expected _, _xN or an offset such as -1m, -1mx5 or -1m+30sx5");
}

}  // namespace
}  // namespace bellwether::promql
