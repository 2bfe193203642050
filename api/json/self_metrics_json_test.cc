#include "api/json/self_metrics_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "base/metrics.h"

namespace bellwether::api {
namespace {

std::string FamiliesOf(const base::MetricsRegistry& metrics, std::string_view only = {}) {
  std::string out;
  StringSink sink(out);
  {
    JsonWriter json(sink);
    WriteMetricFamilies(json, metrics.WriteText(), [&](std::string_view name) { return only.empty() || name == only; });
  }
  return out;
}

TEST(SelfMetricsJsonTest, EachKindInItsForm) {
  base::MetricsRegistry metrics;
  metrics.AddCounter("a_total", "Counts \"a\".", {{"x", "q\"\\\n"}}).Add(3);
  metrics.AddGauge("b", "").Set(-INFINITY);
  base::Histogram& seconds = metrics.AddHistogram("c_seconds", "Takes.", {0.5, 1}, {{"p", "1"}});
  seconds.Observe(0.25);
  seconds.Observe(7);
  EXPECT_EQ(FamiliesOf(metrics),
            R"([{"name":"a_total","help":"Counts \"a\".","type":"COUNTER","metric":[)"
            R"({"label":[{"name":"x","value":"q\"\\\n"}],"counter":{"value":3}}]},)"
            R"({"name":"b","help":"","type":"GAUGE","metric":[{"label":[],"gauge":{"value":"-Infinity"}}]},)"
            R"({"name":"c_seconds","help":"Takes.","type":"HISTOGRAM","metric":[{"label":[{"name":"p","value":"1"}],)"
            R"("histogram":{"sampleCount":"2","sampleSum":7.25,"bucket":[{"cumulativeCount":"1","upperBound":0.5},)"
            R"({"cumulativeCount":"1","upperBound":1}]}}]}])");
}

TEST(SelfMetricsJsonTest, OnlyWhatIsWanted) {
  base::MetricsRegistry metrics;
  metrics.AddCounter("a_total", "A.").Add(1);
  metrics.AddCounter("b_total", "B.").Add(2);
  EXPECT_EQ(FamiliesOf(metrics, "b_total"),
            R"([{"name":"b_total","help":"B.","type":"COUNTER","metric":[{"label":[],"counter":{"value":2}}]}])");
}

}  // namespace
}  // namespace bellwether::api
