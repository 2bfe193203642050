// What /federate makes of a store with external labels, in both of its formats.
#include <gtest/gtest.h>

#include "api/handlers/routes.h"
#include "base/clock.h"
#include "storage/open.h"

namespace bellwether::api {
namespace {

constexpr base::TimestampMs kFederateNow(600'000);

class FederateTest : public ::testing::Test {
 protected:
  FederateTest()
      : clock_(kFederateNow),
        storage_(storage::NewMemoryStorage({.path = "", .retention = base::DurationMs(0)}, clock_, metrics_)),
        engine_({}, clock_, metrics_),
        context_{.storage = *storage_, .engine = engine_, .clock = clock_, .metrics = metrics_} {
    AddFederateRoutes(context_, routes_);
    metric::NativeHistogram custom;
    custom.schema = metric::kCustomBucketsSchema;
    custom.custom_values = {0.5, 1, 2.5};
    custom.positive_spans = {{0, 1}, {1, 2}};
    custom.positive_buckets = {3, 4, 5};
    custom.count = 12;
    custom.sum = 20.25;
    metric::NativeHistogram exponential;
    exponential.count = 1;
    exponential.positive_spans = {{0, 1}};
    exponential.positive_buckets = {1};
    AddFloat({{"__name__", "up"}, {"job", "a"}}, 300'001, 1);
    AddFloat({{"__name__", "up"}, {"job", "b"}, {"region", "us"}, {"instance", "x"}}, 599'250, 0.5);
    AddFloat({{"__name__", "up"}, {"job", "too_old"}}, 300'000, 1);
    AddFloat({{"__name__", "up"}, {"job", "ended"}}, 500'000, metric::kStaleMarker);
    AddHistogram({{"__name__", "lat"}}, custom);
    AddHistogram({{"__name__", "up"}, {"job", "exponential"}}, exponential);
    context_.external_labels = [] { return metric::Labels{{"region", "eu"}}; };
  }

  void AddFloat(const metric::Labels& labels, std::int64_t ms, double value) {
    const auto appender = storage_->NewAppender();
    const storage::FloatSample samples[] = {{*appender->FindOrCreate(labels), base::TimestampMs(ms), value, {}}};
    appender->Append(samples);
    ASSERT_TRUE(appender->Commit(storage::Durability::kVisible).ok());
  }
  void AddHistogram(const metric::Labels& labels, const metric::NativeHistogram& histogram) {
    const auto appender = storage_->NewAppender();
    const storage::HistogramSample samples[] = {{*appender->FindOrCreate(labels), kFederateNow, &histogram, {}}};
    appender->AppendHistograms(samples);
    ASSERT_TRUE(appender->Commit(storage::Durability::kVisible).ok());
  }

  HttpResponse Ask(const std::string& accept) {
    HttpRequest request;
    request.params = {{"match[]", "{__name__=~\".+\"}"}};
    if (!accept.empty()) request.headers = {{"Accept", accept}};
    HttpResponse response;
    routes_[0].handler(request, response);
    EXPECT_EQ(response.status, 200);
    return response;
  }

  base::MetricsRegistry metrics_;
  base::SimulatedClock clock_;
  std::unique_ptr<storage::Storage> storage_;
  promql::Engine engine_;
  HandlerContext context_;
  RouteTable routes_;
};

TEST_F(FederateTest, Text) {
  const HttpResponse response = Ask("text/plain;version=0.0.4;q=0.9,application/openmetrics-text;q=0.5,*/*;q=0.1");
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(response.body,
            "# TYPE lat histogram\n"
            "lat_bucket{region=\"eu\",instance=\"\",le=\"0.5\"} 3 600000\n"
            "lat_bucket{region=\"eu\",instance=\"\",le=\"1\"} 3 600000\n"
            "lat_bucket{region=\"eu\",instance=\"\",le=\"2.5\"} 7 600000\n"
            "lat_bucket{region=\"eu\",instance=\"\",le=\"+Inf\"} 12 600000\n"
            "lat_sum{region=\"eu\",instance=\"\"} 20.25 600000\n"
            "lat_count{region=\"eu\",instance=\"\"} 12 600000\n"
            "# TYPE up untyped\n"
            "up{instance=\"x\",job=\"b\",region=\"us\"} 0.5 599250\n"
            "up{job=\"a\",region=\"eu\",instance=\"\"} 1 300001\n");
}

TEST_F(FederateTest, OpenMetrics) {
  for (const char* accept : {"application/openmetrics-text; version=1.0.0,text/plain;q=0.5",
                             "text/plain;q=0.5, application/openmetrics-text;version=1.0.0;q=0.75"}) {
    const HttpResponse response = Ask(accept);
    EXPECT_EQ(response.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    EXPECT_EQ(response.body,
              "# TYPE lat histogram\n"
              "lat_bucket{region=\"eu\",instance=\"\",le=\"0.5\"} 3.0 600.0\n"
              "lat_bucket{region=\"eu\",instance=\"\",le=\"1.0\"} 3.0 600.0\n"
              "lat_bucket{region=\"eu\",instance=\"\",le=\"2.5\"} 7.0 600.0\n"
              "lat_bucket{region=\"eu\",instance=\"\",le=\"+Inf\"} 12.0 600.0\n"
              "lat_sum{region=\"eu\",instance=\"\"} 20.25 600.0\n"
              "lat_count{region=\"eu\",instance=\"\"} 12.0 600.0\n"
              "# TYPE up unknown\n"
              "up{instance=\"x\",job=\"b\",region=\"us\"} 0.5 599.25\n"
              "up{job=\"a\",region=\"eu\",instance=\"\"} 1.0 300.001\n"
              "# EOF\n");
  }
}

}  // namespace
}  // namespace bellwether::api
