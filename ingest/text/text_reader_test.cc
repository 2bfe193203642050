#include "ingest/text/text_reader.h"

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include <gmock/gmock.h>

#include "ingest/text/text_number.h"
#include "ingest/text/text_reader_oracle.h"
#include "metric/sample.h"

namespace bellwether::ingest {
namespace {

using base::TimestampMs;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t kTextNow = 1'700'000'000'000;

// One sample as it was read, in words: naming value-bits@time/start.
std::vector<std::string> ReadAllOf(TextFormat format, std::string_view text) {
  TextReader reader(format, TimestampMs(kTextNow));
  TextBatch batch;
  const auto taken = reader.Read(text, TextReader::More::kLast, SIZE_MAX, batch);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < batch.series.size(); ++i) {
    const std::size_t end = i + 1 < batch.series.size() ? batch.series[i + 1].samples : batch.samples.size();
    for (std::size_t s = batch.series[i].samples; s < end; ++s) {
      std::string line(batch.series[i].naming);
      line.push_back(' ');
      AppendTextValue(line, batch.samples[s].value);
      line.append("@").append(std::to_string(batch.samples[s].timestamp.ms));
      if (batch.samples[s].start_timestamp.ms != 0) {
        line.append("/").append(std::to_string(batch.samples[s].start_timestamp.ms));
      }
      out.push_back(std::move(line));
    }
  }
  if (!taken.ok()) out.push_back("error: " + taken.status().message());
  return out;
}

std::vector<std::string> OfPrometheus(std::string_view text) { return ReadAllOf(TextFormat::kPrometheus, text); }
std::vector<std::string> OfOpenMetrics(std::string_view text) { return ReadAllOf(TextFormat::kOpenMetrics, text); }

std::string LabelsOf(std::string_view naming) {
  std::vector<metric::LabelView> labels;
  std::string unescaped;
  TextFault fault;
  if (!ReadTextLabels(naming, labels, unescaped, fault)) {
    return "column " + std::to_string(fault.at + 1) + ": " + fault.words;
  }
  return metric::Labels::FromPairs(labels).ToString();
}

TEST(TextReaderTest, ReadsPrometheusText) {
  EXPECT_THAT(
      OfPrometheus("# HELP x help\n# TYPE x counter\n"
                   "x{a=\"1\"} 1 1000\nx{a=\"1\"} 2.5 2000\r\n  x{a=\"2\"}\t3\t-5 \n\nno_time 4\nx 5 1"),
      ElementsAre("x{a=\"1\"} 1@1000", "x{a=\"1\"} 2.5@2000", "x{a=\"2\"} 3@-5", "no_time 4@1700000000000", "x 5@1"));
}

TEST(TextReaderTest, ReadsOpenMetrics) {
  EXPECT_THAT(OfOpenMetrics("# TYPE x counter\nx_total 1 1.5\nx_total 2 1700000000\nx_total 3 1.0004\n"
                            "x_total 4 1.7e9\n# EOF\n"),
              ElementsAre("x_total 1@1500", "x_total 2@1700000000000", "x_total 3@1000", "x_total 4@1700000000000"));
  EXPECT_THAT(OfOpenMetrics("x 1 1\n# EOF\nx 2 2\n"),
              ElementsAre("x 1@1000", HasSubstr("line 3, column 1: text behind")));
}

TEST(TextReaderTest, ReadsEveryFormOfAValue) {
  EXPECT_THAT(OfPrometheus("a NaN 1\nb +Inf 1\nc -Inf 1\nd inf 1\ne 1e-7 1\nf 0x10 1\ng -0 1\nh +1.5 1\n"
                           "i 12345678901234567890 1\nj .5 1\nk 5. 1\nl nan(0x7ff0000000000002) 1\n"),
              ElementsAre("a NaN@1", "b +Inf@1", "c -Inf@1", "d +Inf@1", "e 1e-07@1", "f 16@1", "g -0@1", "h 1.5@1",
                          "i 12345678901234567000@1", "j 0.5@1", "k 5@1", "l nan(0x7ff0000000000002)@1"));
}

TEST(TextReaderTest, SaysWhereALineIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"x 1 1\nx one 2\n", "line 2, column 3: expected a value, found \"one\""},
      {"x\n", "line 1, column 2: expected a value, found the end of the line"},
      {"x 1 2.5\n", "line 1, column 5: expected a time in whole milliseconds"},
      {"x 1 2 3\n", "line 1, column 7: expected the end of the line behind the time, found \"3\""},
      {"x{a=\"b 1 2\n", "line 1, column 5: the closing quote is missing"},
      {"x{a=\"b\" 1 2\n", "line 1, column 12: the closing brace is missing"},
      {"x 1 2 # 3\n", "line 1, column 9: expected the labels of an exemplar"},
      {"x . 1\n", "line 1, column 3: expected a value"},
      {"x nan(1) 1\n", "line 1, column 3: expected a value"},
  };
  for (const auto& [text, words] : cases) {
    const auto read = OfPrometheus(text);
    ASSERT_FALSE(read.empty()) << text;
    EXPECT_THAT(read.back(), HasSubstr(words)) << text;
  }
}

TEST(TextReaderTest, TakesLabelsApart) {
  const std::pair<const char*, const char*> cases[] = {
      {R"(x)", R"({__name__="x"})"},
      {R"(x{})", R"({__name__="x"})"},
      {R"(a:b{z="1",y="2",})", R"({__name__="a:b", y="2", z="1"})"},
      {R"(x { a = "1" , b="2" })", R"({__name__="x", a="1", b="2"})"},
      {R"(x{a="q\"b\\c\nd\te"})", R"({__name__="x", a="q\"b\\c\nd\\te"})"},
      {R"({"metric.name","label.name"="v"})", R"({__name__="metric.name", "label.name"="v"})"},
      {R"({a="1","x"})", R"({__name__="x", a="1"})"},
      {R"(x{a="}"})", R"({__name__="x", a="}"})"},
      {R"(x{a=1})", "column 5: a label value must be in double quotes"},
      {R"(x{"y"})", "column 3: a second metric name"},
      {R"(x{a="1" b="2"})", "column 9: expected a comma"},
      {R"(x.y)", "column 2: this character cannot stand in a metric name"},
      {R"(1x)", "column 1: expected a metric name"},
      {R"(x{a.b="1"})", "column 4: expected = behind a label name"},
      {R"(x{,})", "column 3: expected a label name"},
  };
  for (const auto& [naming, expected] : cases) EXPECT_THAT(LabelsOf(naming), HasSubstr(expected)) << naming;
}

TEST(TextReaderTest, CreatedLinesAreStartTimestamps) {
  // Behind the sample, as clients write them, and before it, as the dump does.
  EXPECT_THAT(OfOpenMetrics("# TYPE x counter\nx_total{a=\"1\"} 5 1000\nx_created{a=\"1\"} 900 1000\n"
                            "x_total{a=\"1\"} 6 1015\nx_total{a=\"2\"} 7 1015\n"
                            "x_created{a=\"1\"} 1020.5 1030\nx_total{a=\"1\"} 1 1030\nx_total{a=\"1\"} 2 1045\n"),
              ElementsAre("x_total{a=\"1\"} 5@1000000/900000", "x_total{a=\"1\"} 6@1015000/900000",
                          "x_total{a=\"2\"} 7@1015000", "x_total{a=\"1\"} 1@1030000/1020500",
                          "x_total{a=\"1\"} 2@1045000/1020500"));
  EXPECT_THAT(OfOpenMetrics("# TYPE h histogram\nh_bucket{le=\"1\"} 1 10\nh_bucket{le=\"+Inf\"} 2 10\nh_count 2 10\n"
                            "h_sum 3 10\nh_created 5 10\n"),
              ElementsAre("h_bucket{le=\"1\"} 1@10000/5000", "h_bucket{le=\"+Inf\"} 2@10000/5000",
                          "h_count 2@10000/5000", "h_sum 3@10000/5000"));
  // Elsewhere they are series like any other.
  EXPECT_THAT(OfOpenMetrics("# TYPE x_created gauge\nx_created 9 1\n"), ElementsAre("x_created 9@1000"));
  EXPECT_THAT(OfPrometheus("# TYPE x counter\nx_total 5 1\nx_created 9 1\n"),
              ElementsAre("x_total 5@1", "x_created 9@1"));
}

TEST(TextReaderTest, ReadsExemplarsAndMetadata) {
  TextReader reader(TextFormat::kOpenMetrics, TimestampMs(kTextNow));
  TextBatch batch;
  const std::string_view text =
      "# TYPE x_seconds histogram\n# UNIT x_seconds seconds\n# HELP x_seconds How long\\nit \\\"took\\\"\n"
      "x_seconds_bucket{le=\"1\"} 3 10 # {trace_id=\"ab c\"} 0.5 9.25\nx_seconds_bucket{le=\"2\"} 4 10 # {} 1.5\n";
  ASSERT_TRUE(reader.Read(text, TextReader::More::kMayFollow, SIZE_MAX, batch).ok());
  ASSERT_EQ(batch.exemplars.size(), 2u);
  EXPECT_EQ(batch.exemplars[0].labels, "{trace_id=\"ab c\"}");
  EXPECT_EQ(batch.exemplars[0].value, 0.5);
  EXPECT_EQ(batch.exemplars[0].timestamp, TimestampMs(9250));
  EXPECT_EQ(batch.exemplars[1].timestamp, TimestampMs(10'000));
  ASSERT_EQ(batch.metadata.size(), 1u);
  EXPECT_EQ(batch.metadata[0], (storage::MetricMetadata{"x_seconds", storage::MetricType::kHistogram, "seconds",
                                                        "How long\nit \"took\""}));
}

TEST(TextReaderTest, StopsAtABatchAndAtAnUnfinishedLine) {
  TextReader reader(TextFormat::kPrometheus, TimestampMs(kTextNow));
  TextBatch batch;
  const std::string_view text = "x 1 1\nx 2 2\nx 3 3\nx 4";
  EXPECT_EQ(reader.Read(text, TextReader::More::kMayFollow, 2, batch).value(), 12u);
  EXPECT_EQ(batch.samples.size(), 2u);
  batch.Clear();
  EXPECT_EQ(reader.Read(text.substr(12), TextReader::More::kMayFollow, 2, batch).value(), 6u);
  EXPECT_EQ(reader.lines(), 3u);
}

TEST(TextReaderTest, TellsTheFormatByTheLines) {
  EXPECT_EQ(FormatOfLines("x 1 1700000000000\n"), TextFormat::kPrometheus);
  EXPECT_EQ(FormatOfLines("# HELP x y\nx 1 1700000000\n"), TextFormat::kOpenMetrics);
  EXPECT_EQ(FormatOfLines("x 1\ny 1 1700000000000.5\n"), TextFormat::kOpenMetrics);
  EXPECT_EQ(FormatOfLines("x 1\n# EOF\n"), TextFormat::kOpenMetrics);
  EXPECT_EQ(FormatOfLines("x 1\n"), std::nullopt);
  EXPECT_EQ(FormatOfContentType("application/openmetrics-text; version=1.0.0"), TextFormat::kOpenMetrics);
  EXPECT_EQ(FormatOfContentType("text/plain; version=0.0.4; charset=utf-8"), TextFormat::kPrometheus);
  EXPECT_EQ(FormatOfContentType("text/plain"), std::nullopt);
  EXPECT_EQ(FormatOfFileName("a.om.gz"), TextFormat::kOpenMetrics);
  EXPECT_EQ(FormatOfFileName("a.prom"), TextFormat::kPrometheus);
  EXPECT_EQ(FormatOfFileName("a.txt"), std::nullopt);
}

TEST(TextReaderTest, WhatIsWrittenReadsTheSame) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const double value = i % 3 == 0 ? std::bit_cast<double>(random())
                         : i % 3 == 1
                             ? static_cast<double>(static_cast<std::int64_t>(random() % 2'000'001) - 1'000'000) /
                                   std::pow(10, static_cast<double>(random() % 8))
                             : std::bit_cast<double>(0x7ff0000000000001 + random() % 1000);
    const TimestampMs t(static_cast<std::int64_t>(random() >> (random() % 60)) / 2000 * (random() % 2 == 0 ? 1 : -1));
    std::string text;
    AppendTextValue(text, value);
    const auto read = ParseTextValue(text);
    ASSERT_TRUE(read.has_value()) << text;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(*read), std::bit_cast<std::uint64_t>(value)) << text;
    text.clear();
    AppendTextSeconds(text, t);
    ASSERT_EQ(ParseTextSeconds(text), t) << text;
    text.clear();
    AppendTextMillis(text, t);
    ASSERT_EQ(ParseTextMillis(text), t) << text;
  }
}

TEST(TextReaderTest, LabelSetsReadBackAsTheyWere) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  const std::string_view alphabet[] = {"a",  "Z", "_", ":", "0", ".", "\"", "\\",
                                       "\n", "{", "}", ",", "=", " ", "n",  "\xc3\xa4"};
  const auto word = [&] {
    std::string text = "a";
    for (std::uint64_t n = random() % 6; n > 0; --n) text += alphabet[random() % std::size(alphabet)];
    return text;
  };
  for (int i = 0; i < 20'000; ++i) {
    std::vector<std::string> words;
    for (int w = 0; w < 7; ++w) words.push_back(word());
    std::vector<metric::LabelView> pairs{{metric::kMetricName, words[0]}};
    for (std::size_t w = 1; w + 1 < words.size() && random() % 4 != 0; w += 2)
      pairs.push_back({words[w], words[w + 1]});
    const metric::Labels labels = metric::Labels::FromPairs(pairs);
    std::string text;
    AppendNaming(text, labels);
    TextFault fault;
    ASSERT_EQ(FindNamingEnd(text + " 1 2", fault), text.size()) << text;
    ASSERT_EQ(LabelsOf(text), labels.ToString()) << text;
  }
}

TEST(TextReaderTest, PiecesMakeNoDifference) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  const std::string_view parts[] = {"x",  "{",  "}",    "\"",  "\\",      "a=\"b\"",  " ",      "1", "2.5",
                                    "\n", "# ", "TYPE", "EOF", "counter", "_created", "_total", ",", "{a=\"b\"} 1 2\n"};
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (std::uint64_t n = random() % 30; n > 0; --n) text += parts[random() % std::size(parts)];
    EXPECT_EQ(TextReaderDisagreement(text), "") << text;
  }
}

}  // namespace
}  // namespace bellwether::ingest
