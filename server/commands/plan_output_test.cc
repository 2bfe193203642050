#include "server/commands/plan_output.h"

#include <gtest/gtest.h>

namespace bellwether::server {
namespace {

using nlohmann::json;

constexpr const char* kExplained = R"json({"resultType":"matrix","resultSeries":3,"resultSamples":12,
  "stats":{"timings":{"execTotalTime":0.0125}},
  "plan":{"operator":"join","expr":"sum(a) /\n  sum(b)","steps":4,"seriesRead":0,"samplesRead":0,"rows":3,
    "seconds":0.0000254,"peakBytes":100,"inputs":[
    {"operator":"aggregation","expr":"sum(a)","steps":4,"seriesRead":0,"samplesRead":0,"rows":1,
      "seconds":0.002,"peakBytes":2048,"inputs":[
      {"operator":"selector","expr":"a","steps":4,"seriesRead":5000,"samplesRead":7200000,"rows":5000,
        "seconds":1.5,"peakBytes":3145728,"inputs":[]}]},
    {"operator":"function","expr":"b","steps":4,"seriesRead":0,"samplesRead":0,"rows":0,
      "seconds":0,"peakBytes":0,"inputs":[]}]}})json";

TEST(PlanOutputTest, DrawsTheTreeOfOperators) {
  EXPECT_EQ(FormatPlan(json::parse(kExplained), QueryFormat::kTable),
            "matrix of 3 series with 12 samples, in 12.5 ms\n"
            "\n"
            "OPERATOR                   TIME  STEPS  ROWS  SERIES READ  SAMPLES READ   MEMORY\n"
            "join: sum(a) /   sum(b)   25 us      4     3                               100 B\n"
            "|- aggregation: sum(a)   2.0 ms      4     1                             2.0 KiB\n"
            "|  `- selector: a        1.50 s      4  5000         5000       7200000  3.0 MiB\n"
            "`- function: b             0 us      4                                       0 B\n");
}

TEST(PlanOutputTest, CsvHasALineForEachOperator) {
  EXPECT_EQ(FormatPlan(json::parse(kExplained), QueryFormat::kCsv),
            "depth,operator,expr,seconds,steps,rows,series_read,samples_read,peak_bytes\n"
            "0,join,\"sum(a) /\n  sum(b)\",2.54e-05,4,3,0,0,100\n"
            "1,aggregation,sum(a),0.002,4,1,0,0,2048\n"
            "2,selector,a,1.5,4,5000,5000,7200000,3145728\n"
            "1,function,b,0,4,0,0,0,0\n");
}

TEST(PlanOutputTest, ALiteralHasNoOperators) {
  const json literal = json::parse(R"json({"resultType":"string","resultSeries":0,"resultSamples":0,
    "stats":{"timings":{"execTotalTime":0.0001}},"plan":null})json");
  EXPECT_EQ(FormatPlan(literal, QueryFormat::kTable), "string of 0 series with 0 samples, in 100 us\n");
}

}  // namespace
}  // namespace bellwether::server
