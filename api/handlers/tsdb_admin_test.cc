#include "storage/admin.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "api/handlers/routes.h"
#include "storage/open.h"

namespace bellwether::api {
namespace {

class TsdbAdminTest : public ::testing::Test {
 protected:
  TsdbAdminTest() {
    context_.enable_admin_api = true;
    const auto appender = storage_->NewAppender();
    for (const char* name : {"a", "b"}) {
      const auto ref = appender->FindOrCreate(metric::Labels{{"__name__", name}});
      for (int t = 1; t <= 5; ++t) samples_.push_back({ref.value(), base::TimestampMs(t * 1000), 1.0 * t, {}});
    }
    appender->Append(samples_);
    EXPECT_TRUE(appender->Commit(storage::Durability::kDurable).ok());
    AddTsdbAdminRoutes(context_, routes_);
  }

  HttpResponse Post(const std::string& path, Params params = {}, const std::string& method = "POST") {
    HttpRequest request;
    request.method = method;
    request.path = "/api/v1/admin/tsdb/" + path;
    request.params = std::move(params);
    HttpResponse response;
    response.status = 404;
    for (const RouteEntry& route : routes_) {
      const bool takes = std::count(route.methods.begin(), route.methods.end(), method) > 0;
      if (route.path == request.path && takes) route.handler(request, response);
    }
    return response;
  }

  std::string Times(const std::string& name) {
    const std::vector<metric::Matcher> matchers{metric::Matcher::Equal("__name__", name)};
    const auto querier = storage_->NewQuerier(base::TimestampMs::Min(), base::TimestampMs::Max());
    const auto set = querier->Select(matchers);
    std::string times;
    storage::SampleBatch batch;
    while (set->Next()) {
      storage::SampleCursor& cursor = set->samples();
      while (cursor.Next(batch)) {
        for (const base::TimestampMs t : batch.timestamps) times += std::to_string(t.ms / 1000);
      }
    }
    return times;
  }

  base::SimulatedClock clock_{base::TimestampMs(10'000)};
  base::MetricsRegistry metrics_;
  std::unique_ptr<storage::Storage> storage_ = storage::NewMemoryStorage({.path = ""}, clock_, metrics_);
  promql::Engine engine_{{}, clock_, metrics_};
  HandlerContext context_{.storage = *storage_, .engine = engine_, .clock = clock_, .metrics = metrics_};
  std::vector<storage::FloatSample> samples_;
  RouteTable routes_;
};

TEST_F(TsdbAdminTest, IsRefusedUnlessEnabled) {
  context_.enable_admin_api = false;
  for (const char* path : {"delete_series", "clean_tombstones", "snapshot", "verify", "analyze"}) {
    const HttpResponse response = Post(path, {{"match[]", "a"}});
    EXPECT_EQ(response.status, 500) << path;
    EXPECT_EQ(response.body, R"({"status":"error","errorType":"unavailable","error":"admin APIs disabled"})");
  }
  EXPECT_EQ(Times("a"), "12345");
}

TEST_F(TsdbAdminTest, DeletesWhatMatchesWithinTheBounds) {
  EXPECT_EQ(Post("delete_series", {{"match[]", "a"}, {"start", "2"}, {"end", "3"}}).status, 204);
  EXPECT_EQ(Times("a"), "145");
  EXPECT_EQ(Times("b"), "12345");
  EXPECT_EQ(Post("delete_series", {{"match[]", "{__name__=~\"c|b\"}"}, {"match[]", "a"}}, "PUT").status, 204);
  EXPECT_EQ(Times("a") + Times("b"), "");
  const HttpResponse cleaned = Post("clean_tombstones");
  EXPECT_EQ(cleaned.status, 204);
  EXPECT_EQ(cleaned.body, "");
}

TEST_F(TsdbAdminTest, WrongParametersAreNamed) {
  const struct {
    Params params;
    const char* error;
  } cases[] = {
      {{}, "no match[] parameter provided"},
      {{{"match[]", "a"}, {"start", "x"}},
       R"(invalid parameter \"start\": invalid time value for 'start': cannot parse \"x\" to a valid timestamp)"},
      {{{"match[]", "{}"}}, R"(invalid parameter \"match[]\": match[] must contain at least one non-empty matcher)"},
  };
  for (const auto& c : cases) {
    const HttpResponse response = Post("delete_series", c.params);
    EXPECT_EQ(response.status, 400);
    EXPECT_NE(response.body.find(c.error), std::string::npos) << response.body;
  }
  EXPECT_EQ(Post("delete_series", {{"match[]", "a"}}, "GET").status, 404);
  EXPECT_EQ(Times("a"), "12345");
}

TEST_F(TsdbAdminTest, ASnapshotNeedsFilesAndABoolean) {
  const HttpResponse wrong = Post("snapshot", {{"skip_head", "maybe"}});
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(wrong.body,
            R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"skip_head\": unable to parse )"
            R"(boolean: strconv.ParseBool: parsing \"maybe\": invalid syntax"})");
  EXPECT_EQ(Post("snapshot", {{"skip_head", "true"}}).status, 422);
  EXPECT_EQ(Post("verify").status, 422);
}

TEST_F(TsdbAdminTest, AnAnalysisIsToldAsJson) {
  const HttpResponse response = Post("analyze", {{"limit", "1"}});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body,
            R"({"status":"success","data":{"series":2,"labelPairs":2,"samples":0,"bytes":0,"windows":[],)"
            R"("seriesCountByMetricName":[{"name":"a","value":1}],"seriesCountByLabelName":[{"name":"__name__",)"
            R"("value":2}],"labelValueCountByLabelName":[{"name":"__name__","value":2}],)"
            R"("seriesCountByLabelValuePair":[{"name":"__name__=a","value":1}],"bytesByMetricName":[]}})");
}

}  // namespace
}  // namespace bellwether::api
