// The answers of /api/v1/read as a client takes them apart; what is in the chunks is tested with their encoder.
#include <gtest/gtest.h>
#include <snappy.h>

#include "api/golden_data_test.h"
#include "api/handlers/routes.h"
#include "api/json/json_writer.h"
#include "api/remote_read/crc32c.h"
#include "api/remote_read/proto_writer.h"
#include "base/clock.h"
#include "base/proto_reader.h"
#include "storage/open.h"

namespace bellwether::api {
namespace {

using base::ProtoReader;
using base::WireType;

struct WantedMatcher {
  std::uint64_t type;
  std::string name;
  std::string value;
};

std::string QueryMessage(std::int64_t min_ms, std::int64_t max_ms, const std::vector<WantedMatcher>& matchers,
                         std::string_view function = "") {
  std::string query;
  remote_read::AppendProtoInt64(query, 1, min_ms);
  remote_read::AppendProtoInt64(query, 2, max_ms);
  for (const WantedMatcher& wanted : matchers) {
    std::string matcher;
    remote_read::AppendProtoVarint(matcher, 1, wanted.type);
    remote_read::AppendProtoBytes(matcher, 2, wanted.name);
    remote_read::AppendProtoBytes(matcher, 3, wanted.value);
    remote_read::AppendProtoBytes(query, 3, matcher);
  }
  if (!function.empty()) {
    std::string hints;
    remote_read::AppendProtoBytes(hints, 2, function);
    remote_read::AppendProtoBytes(query, 4, hints);
  }
  return query;
}

// A store, and what the handler says of it.
class ReadServer {
 public:
  ReadServer()
      : clock_(testing::kGoldenNow),
        storage_(storage::NewMemoryStorage({.path = "", .retention = base::DurationMs(0)}, clock_, metrics_)),
        engine_({}, clock_, metrics_),
        context_{.storage = *storage_, .engine = engine_, .clock = clock_, .metrics = metrics_} {
    testing::FillGoldenStorage(*storage_);
    context_.external_labels = [] { return metric::Labels{{"region", "eu"}, {"version", "0"}}; };
  }
  RemoteReadLimits& limits() { return context_.remote_read; }

  HttpResponse Ask(const std::vector<std::string>& queries, const std::vector<std::uint64_t>& types) {
    std::string message;
    for (const std::string& query : queries) remote_read::AppendProtoBytes(message, 1, query);
    for (const std::uint64_t type : types) remote_read::AppendProtoVarintAlways(message, 2, type);
    std::string block;
    snappy::Compress(message.data(), message.size(), &block);
    return AskBytes(block);
  }
  HttpResponse AskBytes(std::string body) {
    RouteTable routes;
    AddRemoteReadRoutes(context_, routes);
    HttpRequest request;
    request.body = std::move(body);
    HttpResponse response;
    routes[0].handler(request, response);
    if (response.stream) {
      StringSink sink(response.body);
      response.stream(sink);
    }
    return response;
  }

 private:
  base::MetricsRegistry metrics_;
  base::SimulatedClock clock_;
  std::unique_ptr<storage::Storage> storage_;
  promql::Engine engine_;
  HandlerContext context_;
};

std::string LabelText(std::string_view label) {
  std::string text;
  for (ProtoReader reader(label); reader.Next();) {
    text.append(text.empty() ? "" : "=").append(reader.bytes());
  }
  return text;
}

// "name=value ... samples|chunks n", of the fields of a series.
std::string SeriesText(std::string_view series) {
  std::string text;
  int rest = 0;
  ProtoReader reader(series);
  while (reader.Next()) {
    if (reader.number() == 1) text.append(LabelText(reader.bytes())).push_back(' ');
    if (reader.number() != 1) ++rest;
  }
  EXPECT_TRUE(reader.ok());
  return text + std::to_string(rest);
}

// The series of each query, as texts, a line "query" between.
std::vector<std::string> SampleTexts(const HttpResponse& response) {
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.content_type, "application/x-protobuf");
  std::string message;
  EXPECT_TRUE(snappy::Uncompress(response.body.data(), response.body.size(), &message));
  std::vector<std::string> texts;
  for (ProtoReader results(message); results.Next();) {
    texts.emplace_back("query");
    for (ProtoReader series(results.bytes()); series.Next();) texts.push_back(SeriesText(series.bytes()));
  }
  return texts;
}

// The frames as texts: query index, labels, number of chunks.
std::vector<std::string> FrameTexts(const HttpResponse& response) {
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.content_type, "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse");
  std::vector<std::string> texts;
  std::string_view rest = response.body;
  while (!rest.empty()) {
    std::uint64_t size = 0;
    std::uint32_t crc = 0;
    if (!base::ReadVarint(rest, size) || !base::ReadBigEndian32(rest, crc) || size > rest.size()) {
      ADD_FAILURE() << "truncated frame";
      return texts;
    }
    const std::string_view message = rest.substr(0, size);
    rest.remove_prefix(size);
    EXPECT_EQ(crc, remote_read::Crc32c(message));
    std::uint64_t query = 0;
    std::string series;
    for (ProtoReader reader(message); reader.Next();) {
      if (reader.Is(1, WireType::kBytes)) series = SeriesText(reader.bytes());
      if (reader.Is(2, WireType::kVarint)) query = reader.varint();
    }
    texts.push_back(std::to_string(query) + ": " + series);
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(RemoteReadTest, SamplesOfEachQueryWithExternalLabels) {
  ReadServer server;
  const auto response = server.Ask({QueryMessage(0, 600'000, {{0, "__name__", "ml_model_accuracy"}}),
                                    QueryMessage(60'000, 120'000, {{0, "__name__", "ml_requests_total"}}),
                                    QueryMessage(600'001, 700'000, {{0, "__name__", "ml_requests_total"}}),
                                    QueryMessage(0, 600'000, {{0, "__name__", "ml_latency_seconds"}})},
                                   {});
  EXPECT_EQ(SampleTexts(response), (Texts{"query", "__name__=ml_model_accuracy model=churn region=eu version=1.10 11",
                                          "__name__=ml_model_accuracy model=fraud region=eu version=2.0 11", "query",
                                          "__name__=ml_requests_total model=churn region=eu version=0 2", "query",
                                          "query", "__name__=ml_latency_seconds model=churn region=eu version=0 1"}));
}

TEST(RemoteReadTest, NothingIsAskedFor) {
  ReadServer server;
  EXPECT_EQ(SampleTexts(server.Ask({}, {})), Texts());
  EXPECT_EQ(FrameTexts(server.Ask({}, {1})), Texts());
}

TEST(RemoteReadTest, AMatcherOfAnExternalLabelMeansOurSeriesWithoutIt) {
  ReadServer server;
  const auto ask = [&](WantedMatcher matcher) {
    return SampleTexts(
        server.Ask({QueryMessage(0, 600'000, {{0, "__name__", "ml_model_accuracy"}, std::move(matcher)})}, {0}));
  };
  EXPECT_EQ(ask({0, "region", "eu"}).size(), 3u);
  EXPECT_EQ(ask({0, "region", "us"}).size(), 1u);
  EXPECT_EQ(ask({0, "version", "0"}).size(), 1u);  // They have versions of their own.
  EXPECT_EQ(ask({2, "version", "2.*"}).size(), 2u);
}

TEST(RemoteReadTest, ChunksInFrames) {
  ReadServer server;
  const std::string floats = QueryMessage(0, 600'000, {{0, "__name__", "ml_model_accuracy"}});
  const std::string histogram = QueryMessage(0, 600'000, {{0, "__name__", "ml_latency_seconds"}});
  const Texts expected = {"0: __name__=ml_model_accuracy model=churn region=eu version=1.10 1",
                          "0: __name__=ml_model_accuracy model=fraud region=eu version=2.0 1",
                          "1: __name__=ml_latency_seconds model=churn region=eu version=0 1"};
  EXPECT_EQ(FrameTexts(server.Ask({floats, histogram}, {1})), expected);
  EXPECT_EQ(FrameTexts(server.Ask({floats, histogram}, {7, 1, 0})), expected);
  server.limits().frame_bytes_max = 1;
  EXPECT_EQ(FrameTexts(server.Ask({floats, histogram}, {1})), expected);
}

TEST(RemoteReadTest, LabelsAloneWhereTheHintSaysSo) {
  ReadServer server;
  const std::string query = QueryMessage(0, 600'000, {{2, "__name__", "ml_requests_.+"}}, "series");
  EXPECT_EQ(SampleTexts(server.Ask({query}, {})),
            (Texts{"query", "__name__=ml_requests_total model=churn region=eu version=0 0"}));
  EXPECT_EQ(FrameTexts(server.Ask({query}, {1})),
            (Texts{"0: __name__=ml_requests_total model=churn region=eu version=0 0"}));
}

TEST(RemoteReadTest, Refusals) {
  ReadServer server;
  const auto expect = [&](const HttpResponse& response, std::string_view text) {
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.body, text);
  };
  const auto query = [](WantedMatcher matcher) { return QueryMessage(0, 1, {std::move(matcher)}); };
  expect(server.AskBytes("no block"), "snappy: corrupt input\n");
  expect(server.AskBytes("\x80\x80\x80\x80\x08"), "snappy: decoded size exceeds the 33554432 bytes limit\n");
  expect(server.Ask({"\x08"}, {}), "remote read request is not a valid message\n");
  expect(server.Ask({query({4, "a", "b"})}, {}), "invalid matcher type\n");
  expect(server.Ask({}, {2, 3}),
         "server does not support any of the requested response types: [2 3]; supported: [SAMPLES "
         "STREAMED_XOR_CHUNKS]\n");
  EXPECT_EQ(server.Ask({query({2, "a", "("})}, {}).status, 400);
  server.limits().samples_max = 21;
  const std::string accuracy = QueryMessage(0, 600'000, {{0, "__name__", "ml_model_accuracy"}});
  expect(server.Ask({accuracy}, {}), "exceeded sample limit (21)\n");
  server.limits().samples_max = 22;  // Of each query.
  EXPECT_EQ(SampleTexts(server.Ask({accuracy, accuracy}, {})).size(), 6u);
}

}  // namespace
}  // namespace bellwether::api
