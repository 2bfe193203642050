#include "server/commands/query_output.h"

#include <gtest/gtest.h>

namespace bellwether::server {
namespace {

using nlohmann::json;

void ExpectOutput(const char* data, QueryFormat format, const std::string& expected) {
  EXPECT_EQ(FormatQueryData(json::parse(data), format), expected) << data;
}

constexpr const char* kVectorData = R"({"resultType":"vector","result":[
  {"metric":{"__name__":"up","job":"a,b"},"value":[600,"1"]},
  {"metric":{"instance":"q\"x"},"value":[600.5,"-Inf"]},
  {"metric":{"__name__":"lat"},"histogram":[600,{"count":"7","sum":"12.5","buckets":[[0,"1","2","2"]]}]}]})";
constexpr const char* kMatrixData = R"({"resultType":"matrix","result":[
  {"metric":{"__name__":"up"},"values":[[0,"1"],[120,"10"]],"histograms":[[60,{"count":"1","sum":"2"}]]},
  {"metric":{},"values":[[0,"NaN"]]}]})";

TEST(QueryOutputTest, Tables) {
  ExpectOutput(kVectorData, QueryFormat::kTable,
               "1970-01-01T00:10:00Z    1                    up{job=\"a,b\"}\n"
               "1970-01-01T00:10:00.5Z  -Inf                 {instance=\"q\\\"x\"}\n"
               "1970-01-01T00:10:00Z    {count:7, sum:12.5}  lat\n");
  ExpectOutput(kMatrixData, QueryFormat::kTable,
               "up\n"
               "  1970-01-01T00:00:00Z  1\n"
               "  1970-01-01T00:01:00Z  {count:1, sum:2}\n"
               "  1970-01-01T00:02:00Z  10\n"
               "{}\n"
               "  1970-01-01T00:00:00Z  NaN\n");
  ExpectOutput(R"({"resultType":"scalar","result":[1.5,"2"]})", QueryFormat::kTable, "1970-01-01T00:00:01.5Z  2\n");
  ExpectOutput(R"({"resultType":"string","result":[0,"a b"]})", QueryFormat::kTable, "1970-01-01T00:00:00Z  a b\n");
  ExpectOutput(R"({"resultType":"vector","result":[]})", QueryFormat::kTable, "");
}

TEST(QueryOutputTest, CsvHasAColumnForEachLabel) {
  ExpectOutput(kVectorData, QueryFormat::kCsv,
               "__name__,instance,job,time,value\n"
               "up,,\"a,b\",1970-01-01T00:10:00Z,1\n"
               ",\"q\"\"x\",,1970-01-01T00:10:00.5Z,-Inf\n"
               "lat,,,1970-01-01T00:10:00Z,\"{count:7, sum:12.5}\"\n");
  ExpectOutput(R"({"resultType":"scalar","result":[0,"2"]})", QueryFormat::kCsv,
               "time,value\n1970-01-01T00:00:00Z,2\n");
}

TEST(QueryOutputTest, Lists) {
  const json series = json::parse(R"([{"__name__":"up","job":"a"},{"__name__":"b c"}])");
  EXPECT_EQ(FormatSeriesList(series, QueryFormat::kTable), "up{job=\"a\"}\n{\"b c\"}\n");
  EXPECT_EQ(FormatSeriesList(series, QueryFormat::kCsv), "__name__,job\nup,a\nb c,\n");
  EXPECT_EQ(FormatStringList(json::parse(R"(["a","b,c"])"), QueryFormat::kTable), "a\nb,c\n");
  EXPECT_EQ(FormatStringList(json::parse(R"(["a","b,c"])"), QueryFormat::kCsv), "a\n\"b,c\"\n");
}

}  // namespace
}  // namespace bellwether::server
