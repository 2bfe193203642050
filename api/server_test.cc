// The server over real sockets: wiring, gate, prefix, errors that no handler makes. What the handlers answer is in
// golden_test.cc.
#include "api/server.h"

#include <gtest/gtest.h>

#include "api/golden_data_test.h"
#include "api/http/raw_client_test.h"
#include "base/clock.h"
#include "storage/open.h"

namespace bellwether::api {
namespace {

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() { testing::FillGoldenStorage(*storage_); }

  void Start(ServerOptions options = {}) {
    options.port = 0;
    options.ingest_workers = 1;
    options.query_workers = 1;
    server_ = std::make_unique<Server>(options, ServerDependencies{.ingest = ingest_,
                                                                   .storage = *storage_,
                                                                   .engine = engine_,
                                                                   .clock = clock_,
                                                                   .metrics = metrics_,
                                                                   .reload = [this] { return reload_result_; },
                                                                   .config_yaml = {},
                                                                   .flags = {},
                                                                   .config_status = {}});
    const base::Status listening = server_->Listen();
    ASSERT_TRUE(listening.ok()) << listening.ToString();
  }

  RawResponse Ask(std::string_view method, std::string_view target, std::string_view headers = {},
                  std::string_view body = {}) {
    return RawClient(server_->port()).Ask(RawRequest(method, target, headers, body), method);
  }

  base::SimulatedClock clock_{testing::kGoldenNow};
  base::MetricsRegistry metrics_;
  std::unique_ptr<storage::Storage> storage_ =
      storage::NewMemoryStorage({.path = "", .retention = base::DurationMs(0)}, clock_, metrics_);
  promql::Engine engine_{{}, clock_, metrics_};
  ingest::WriteHandler ingest_{{}, *storage_, metrics_};
  base::Status reload_result_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AnswersFromTheStartThatItIsHealthyAndNotReady) {
  Start();
  EXPECT_EQ(Ask("GET", "/-/healthy").body, "Bellwether is Healthy.\n");
  for (const char* path : {"/-/ready", "/api/v1/query?query=1", "/grafana", "/api/v1/rules"}) {
    const RawResponse response = Ask("GET", path);
    EXPECT_EQ(response.status, 503) << path;
    EXPECT_EQ(response.body, "Service Unavailable") << path;
    EXPECT_EQ(response.Header("X-Prometheus-Stopping"), "false") << path;
  }
  EXPECT_EQ(Ask("POST", "/api/v1/write", {}, "x").status, 503);
  EXPECT_EQ(Ask("GET", "/metrics").status, 200);
  server_->SetReady(true);
  EXPECT_EQ(Ask("GET", "/-/ready").body, "Bellwether is Ready.\n");
  EXPECT_EQ(Ask("GET", "/api/v1/query?query=1").status, 200);
}

TEST_F(ServerTest, ReadsFormsAndSaysWhereItMayBeReadFrom) {
  Start();
  server_->SetReady(true);
  const RawResponse response =
      Ask("POST", "/api/v1/query?query=ignored",
          "Content-Type: application/x-www-form-urlencoded\r\nOrigin: http://grafana\r\n", "query=1%2B1&time=4");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"status":"success","data":{"resultType":"scalar","result":[4,"2"]}})");
  EXPECT_EQ(response.Header("Content-Type"), "application/json");
  EXPECT_EQ(response.Header("Access-Control-Allow-Origin"), "*");
  EXPECT_NE(response.Header("Server-Timing"), "");
  const RawResponse preflight = Ask("OPTIONS", "/api/v1/query", "Origin: http://grafana\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.Header("Access-Control-Allow-Methods"), "GET, POST, OPTIONS");
}

TEST_F(ServerTest, GrafanaHealthNeedsNoRedirect) {
  Start();
  server_->SetReady(true);
  for (const char* path : {"/grafana", "/grafana/", "/grafana//"}) EXPECT_EQ(Ask("GET", path).status, 200) << path;
  const RawResponse query = Ask("POST", "/grafana//query/", "Content-Type: application/json\r\n",
                                R"x({"targets":[{"refId":"A","target":"vector(1)"}]})x");
  EXPECT_EQ(query.status, 200);
  EXPECT_TRUE(query.body.starts_with(R"([{"refId":"A",)")) << query.body;
}

TEST_F(ServerTest, UnknownPathsAreNeverAPage) {
  Start();
  server_->SetReady(true);
  EXPECT_EQ(Ask("GET", "/nothing").status, 404);
  EXPECT_EQ(Ask("GET", "/nothing").body, "404 page not found\n");
  EXPECT_EQ(Ask("GET", "/alertmanager/api/v2/status").status, 404);
  EXPECT_EQ(Ask("GET", "/grafana/nothing").body,
            R"({"message":"404 page not found","error":{"code":"http_404","message":"404 page not found"}})");
  const RawResponse write = Ask("GET", "/api/v1/write");
  EXPECT_EQ(write.status, 405);
  EXPECT_NE(write.Header("Allow").find("POST"), std::string_view::npos);
}

TEST_F(ServerTest, ThePathOfTheExternalUrlPrefixesEveryRoute) {
  Start({.external_url = "https://example.org/watch/models"});
  server_->SetReady(true);
  EXPECT_EQ(Ask("GET", "/watch/models/-/healthy").status, 200);
  EXPECT_EQ(Ask("GET", "/watch/models/api/v1/query?query=1").status, 200);
  EXPECT_EQ(Ask("GET", "/-/healthy").status, 404);
}

TEST_F(ServerTest, ReloadsOnlyWhereThatIsAllowed) {
  Start();
  EXPECT_EQ(Ask("POST", "/-/reload").status, 403);
  EXPECT_EQ(Ask("POST", "/-/reload").body, "Lifecycle API is not enabled.");
  Start({.enable_lifecycle = true});
  EXPECT_EQ(Ask("PUT", "/-/reload").status, 200);
  reload_result_ = base::InvalidArgument("a.yml:1:1: no");
  const RawResponse failed = Ask("POST", "/-/reload");
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body, "failed to reload config: a.yml:1:1: no\n");
}

TEST_F(ServerTest, WithoutRulesThereAreNone) {
  Start();
  server_->SetReady(true);
  EXPECT_EQ(Ask("GET", "/api/v1/rules").body, R"({"status":"success","data":{"groups":[]}})");
  EXPECT_EQ(Ask("GET", "/api/v1/alerts").body, R"({"status":"success","data":{"alerts":[]}})");
}

TEST_F(ServerTest, RefusesABadWriteInPlainText) {
  Start();
  server_->SetReady(true);
  const RawResponse response =
      Ask("POST", "/api/v1/write", "Content-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\n", "rubbish");
  EXPECT_EQ(response.status, 400);
  EXPECT_TRUE(response.Header("Content-Type").starts_with("text/plain"));
  EXPECT_NE(response.body, "");
}

// More than a piece: it leaves in chunks, and every byte arrives.
TEST_F(ServerTest, StreamsLongMatrices) {
  Start();
  server_->SetReady(true);
  const RawResponse response = Ask("GET", "/api/v1/query_range?query=ml_requests_total&start=0&end=600&step=0.06");
  ASSERT_EQ(response.status, 200);
  EXPECT_TRUE(response.complete);
  EXPECT_GT(response.body.size(), std::size_t{128} << 10);
  EXPECT_TRUE(response.body.ends_with(R"([600,"600"]]}]}})")) << response.body.substr(response.body.size() - 40);
}

}  // namespace
}  // namespace bellwether::api
