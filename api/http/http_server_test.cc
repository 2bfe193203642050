#include "api/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "api/http/raw_client_test.h"
#include "base/metrics.h"

namespace bellwether::api {
namespace {

using ::testing::HasSubstr;

// A server whose handlers tell what they were given.
class HttpServerTest : public ::testing::Test {
 protected:
  void Start(HttpServerOptions options = {}) {
    server_ = std::make_unique<HttpServer>(std::move(options), metrics_);
    server_->Route({"GET", "POST"}, "/echo", WorkerPool::kQuery,
                   [](const HttpRequest& request, HttpResponse& response) {
                     response.content_type = "text/plain";
                     response.body = request.method + " " + request.path;
                     for (const auto& [k, v] : request.params)
                       response.body.append(" ").append(k).append("=").append(v);
                     if (!request.body.empty()) response.body.append(" body:").append(request.body);
                   });
    server_->Route(
        {"GET"}, "/label/{name}/values", WorkerPool::kQuery,
        [](const HttpRequest& request, HttpResponse& response) { response.body = request.PathParam("name"); });
    server_->Route({"POST"}, "/size", WorkerPool::kIngest, [](const HttpRequest& request, HttpResponse& response) {
      std::size_t size = request.body.size();
      for (const auto& [k, v] : request.params) size += v.size();
      response.body = std::to_string(size);
    });
    server_->Route({"GET"}, "/throws", WorkerPool::kAdmin,
                   [](const HttpRequest&, HttpResponse&) { throw std::runtime_error("the secret"); });
    server_->Route({"GET"}, "/header", WorkerPool::kAdmin, [](const HttpRequest& request, HttpResponse& response) {
      response.headers.emplace_back("X-Answer", request.Param("v").value_or(""));
    });
    ASSERT_TRUE(server_->Listen().ok());
  }

  RawResponse Ask(std::string_view bytes, std::string_view method = "GET") {
    RawClient client(server_->port());
    return client.Ask(bytes, method);
  }

  void Answers(std::string_view bytes, int status, std::string_view body) {
    const RawResponse response = Ask(bytes);
    EXPECT_EQ(response.status, status) << bytes;
    EXPECT_EQ(response.body, body) << bytes;
  }

  void Refuses(int status, std::string_view bytes, std::string_view reason) {
    const std::string line = "bellwether_http_refused_total{reason=\"" + std::string(reason) + "\"} ";
    const std::string before = MetricLine(line);
    RawClient client(server_->port());
    const RawResponse response = client.Ask(bytes);
    EXPECT_EQ(response.status, status) << bytes.substr(0, 200);
    EXPECT_EQ(response.Header("Connection"), "close");
    EXPECT_TRUE(client.ReadsEnd());
    EXPECT_NE(MetricLine(line), before) << reason;
  }

  std::string MetricLine(const std::string& prefix) const {
    const std::string text = metrics_.WriteText();
    const std::size_t at = text.find(prefix);
    return at == std::string::npos ? std::string() : text.substr(at, text.find('\n', at) - at);
  }

  base::MetricsRegistry metrics_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, TakesRequestsApart) {
  Start();
  Answers(RawRequest("GET", "/echo"), 200, "GET /echo");
  Answers(RawRequest("GET", "/echo/"), 200, "GET /echo");
  Answers(RawRequest("GET", "//echo//"), 200, "GET /echo");
  Answers(RawRequest("GET", "/%65cho?a=1&b=x+y%20z&a=?&c&=v"), 200, "GET /echo a=1 b=x y z a=? c= =v");
  Answers(RawRequest("GET", "http://other/echo?q=1"), 200, "GET /echo q=1");
  Answers(RawRequest("POST", "/echo", "Content-Type: text/plain\r\n", "a=1"), 200, "POST /echo body:a=1");
  Answers(
      RawRequest("POST", "/echo?b=3", "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n", "a=1&b=2"),
      200, "POST /echo a=1 b=2 b=3");
  Answers(RawRequest("POST", "/echo"), 200, "POST /echo");
  Answers(RawRequest("GET", "/label/job/values"), 200, "job");
  Answers(RawRequest("GET", "/label/a%2Fb/values"), 200, "a/b");
  Answers("\r\n\r\n" + RawRequest("GET", "/echo"), 200, "GET /echo");
}

TEST_F(HttpServerTest, CutsTheRoutePrefix) {
  Start({.route_prefix = "/bellwether"});
  Answers(RawRequest("GET", "/bellwether/echo"), 200, "GET /echo");
  Answers(RawRequest("GET", "//bellwether//echo/"), 200, "GET /echo");
  EXPECT_EQ(Ask(RawRequest("GET", "/echo")).status, 404);
}

TEST_F(HttpServerTest, AnswersUnknownPathsAndMethods) {
  Start();
  EXPECT_EQ(Ask(RawRequest("GET", "/nowhere")).status, 404);
  EXPECT_EQ(Ask(RawRequest("GET", "/label/a/b/values")).status, 404);
  const RawResponse wrong = Ask(RawRequest("DELETE", "/echo"));
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.Header("Allow"), "GET, POST, HEAD, OPTIONS");
  const RawResponse options = Ask(RawRequest("OPTIONS", "/echo"));
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.Header("Allow"), "GET, POST, HEAD, OPTIONS");
  EXPECT_EQ(options.Header("Content-Length"), "");
  EXPECT_EQ(Ask(RawRequest("OPTIONS", "*")).status, 204);
}

TEST_F(HttpServerTest, ServesHeadByGet) {
  Start();
  RawClient client(server_->port());
  const RawResponse head = client.Ask(RawRequest("HEAD", "/echo"), "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Header("Content-Length"), "10");
  EXPECT_EQ(client.Ask(RawRequest("GET", "/echo")).body, "GET /echo");
}

TEST_F(HttpServerTest, RefusesBeforeAHandlerSeesIt) {
  Start({.request_bytes_max = 1000, .params_max = 3});
  const std::string many = [] {
    std::string lines;
    for (int i = 0; i < 101; ++i) lines += "X-" + std::to_string(i) + ": 1\r\n";
    return lines;
  }();
  Refuses(400, "GET /echo\r\n\r\n", "malformed");
  Refuses(400, "GET /echo HTTP/1.1\nHost: test\n\n", "malformed");
  Refuses(400, "GET /echo HTTP/1.1\r\n\r\n", "malformed");
  Refuses(400, RawRequest("GET", "/echo", "Host: other\r\n"), "malformed");
  Refuses(400, RawRequest("GET", "/echo", "Name : value\r\n"), "malformed");
  Refuses(400, RawRequest("GET", "/echo", "A: b\r\n folded\r\n"), "malformed");
  Refuses(400, RawRequest("GET", "/echo", "no colon\r\n"), "malformed");
  Refuses(400, RawRequest("GET", "/echo", std::string_view("A: b\0c\r\n", 8)), "malformed");
  Refuses(400, RawRequest("GET", "echo"), "malformed");
  Refuses(400, RawRequest("GET", "/%zz"), "malformed");
  Refuses(400, RawRequest("GET", "/%00"), "malformed");
  Refuses(505, "GET /echo HTTP/2.0\r\nHost: test\r\n\r\n", "version");
  Refuses(431, RawRequest("GET", "/echo", "A: " + std::string(17'000, 'a') + "\r\n"), "head_too_large");
  Refuses(431, "GET /echo HTTP/1.1\r\nA: " + std::string(17'000, 'a'), "head_too_large");
  Refuses(431, RawRequest("GET", "/echo", many), "head_too_large");
  Refuses(414, RawRequest("GET", "/" + std::string(1024, 'a')), "head_too_large");
  Refuses(414, "GET /" + std::string(17'000, 'a'), "head_too_large");
  Refuses(400, RawRequest("POST", "/echo", "Content-Length: 1\r\nContent-Length: 1\r\n") + "a", "framing");
  Refuses(400, RawRequest("POST", "/echo", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), "framing");
  Refuses(400, RawRequest("POST", "/echo", "Content-Length: +1\r\n") + "a", "framing");
  Refuses(400, RawRequest("POST", "/echo", "Content-Length: 1, 1\r\n") + "a", "framing");
  Refuses(400, RawRequest("POST", "/echo", "Content-Length:\r\n"), "framing");
  Refuses(411, RawRequest("POST", "/echo", "Transfer-Encoding: chunked\r\n") + "1\r\na\r\n0\r\n\r\n",
          "length_required");
  Refuses(413, RawRequest("POST", "/echo", "Content-Length: 1001\r\n"), "body_too_large");
  Refuses(413, RawRequest("POST", "/echo", "Content-Length: 99999999999999999999999\r\n"), "body_too_large");
  Refuses(400, RawRequest("GET", "/echo", "REMOTE_ADDR: 1.2.3.4\r\n"), "forbidden_header");
  Refuses(400, RawRequest("GET", "/echo", "local_port: 1\r\n"), "forbidden_header");
  Refuses(400, RawRequest("GET", "/echo", "X-A: a%0d%0aSet-Cookie: b\r\n"), "forbidden_header");
  Refuses(415, RawRequest("POST", "/echo", "Content-Type: multipart/form-data; boundary=b\r\n", "--b--"),
          "content_type");
  Refuses(417, RawRequest("POST", "/echo", "Expect: the-unexpected\r\n", "a"), "expectation");
  EXPECT_EQ(Ask(RawRequest("GET", "/echo?a=%4")).status, 400);
  EXPECT_EQ(Ask(RawRequest("GET", "/echo?a&b&c&d")).status, 400);
  EXPECT_THAT(MetricLine("bellwether_http_refused_total{reason=\"parameters\"}"), HasSubstr("} 2"));
  EXPECT_EQ(Ask(RawRequest("GET", "/echo", "Referer: http://here/graph?expr=a%0Ab\r\n")).status, 200);
}

TEST_F(HttpServerTest, KeepsConnectionsAsTheClientWishes) {
  Start();
  RawClient kept(server_->port());
  EXPECT_EQ(kept.Ask(RawRequest("GET", "/echo")).Header("Connection"), "");
  EXPECT_EQ(kept.Ask(RawRequest("GET", "/nowhere")).status, 404);
  EXPECT_EQ(kept.Ask(RawRequest("GET", "/echo", "Connection: Close\r\n")).Header("Connection"), "close");
  EXPECT_TRUE(kept.ReadsEnd());

  RawClient old(server_->port());
  EXPECT_EQ(old.Ask("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").Header("Connection"), "keep-alive");
  EXPECT_EQ(old.Ask("GET /echo HTTP/1.0\r\n\r\n").Header("Connection"), "close");
  EXPECT_TRUE(old.ReadsEnd());
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  Start();
  RawClient client(server_->port());
  client.Send(RawRequest("GET", "/echo?n=1") + RawRequest("POST", "/echo?n=2", "", "abc") +
              RawRequest("GET", "/nowhere") + RawRequest("GET", "/echo?n=3"));
  EXPECT_EQ(client.Read().body, "GET /echo n=1");
  EXPECT_EQ(client.Read().body, "POST /echo n=2 body:abc");
  EXPECT_EQ(client.Read().status, 404);
  EXPECT_EQ(client.Read().body, "GET /echo n=3");
}

TEST_F(HttpServerTest, UnderstandsRequestsSplitAnywhere) {
  Start();
  const std::string request = RawRequest("POST", "/echo?n=1", "X-A: b\r\n", "0123456789");
  RawClient client(server_->port());
  for (std::size_t split = 1; split < request.size(); ++split) {
    ASSERT_TRUE(client.Send(std::string_view(request).substr(0, split)));
    ASSERT_TRUE(client.Send(std::string_view(request).substr(split)));
    ASSERT_EQ(client.Read().body, "POST /echo n=1 body:0123456789") << split;
  }
  for (const char byte : request) ASSERT_TRUE(client.Send({&byte, 1}));
  EXPECT_EQ(client.Read().body, "POST /echo n=1 body:0123456789");
}

TEST_F(HttpServerTest, TakesLargeBodies) {
  Start();
  // What is ingested is never taken for a form.
  const std::string form = "query=" + std::string(10u << 20, 'a');
  Answers(RawRequest("POST", "/size", "Content-Type: application/x-www-form-urlencoded\r\n", form), 200, "10485766");
  Answers(RawRequest("POST", "/size", "Content-Encoding: gzip\r\n", std::string(3'000'000, 'b')), 200, "3000000");
}

TEST_F(HttpServerTest, SaysContinueToThoseWhoAsk) {
  Start({.request_bytes_max = 100});
  RawClient client(server_->port());
  EXPECT_EQ(client.Ask(RawRequest("POST", "/echo", "Expect: 100-continue\r\nContent-Length: 3\r\n")).status, 100);
  EXPECT_EQ(client.Ask("abc").body, "POST /echo body:abc");
  EXPECT_EQ(client.Ask(RawRequest("POST", "/echo", "Expect: 100-continue\r\nContent-Length: 300\r\n")).status, 413);
}

TEST_F(HttpServerTest, HidesWhatHandlersThrow) {
  Start();
  const RawResponse thrown = Ask(RawRequest("GET", "/throws"));
  EXPECT_EQ(thrown.status, 500);
  EXPECT_EQ(thrown.body.find("secret"), std::string::npos);
  EXPECT_EQ(Ask(RawRequest("GET", "/header?v=fine")).Header("X-Answer"), "fine");
  const RawResponse split = Ask(RawRequest("GET", "/header?v=a%0d%0aSet-Cookie:b"));
  EXPECT_EQ(split.status, 500);
  EXPECT_EQ(split.Header("Set-Cookie"), "");
}

TEST_F(HttpServerTest, SaysThatAnAddressIsTaken) {
  Start();
  HttpServer second({.port = server_->port()}, metrics_);
  const base::Status status = second.Listen();
  EXPECT_EQ(status.code(), base::StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr(std::to_string(server_->port())));
}

TEST_F(HttpServerTest, ListensWhereItIsTold) {
  for (const char* host : {"", "localhost", "127.0.0.1"}) {
    HttpServer server({.host = host}, metrics_);
    server.Route({"GET"}, "/from", WorkerPool::kAdmin,
                 [](const HttpRequest& request, HttpResponse& response) { response.body = request.remote_address; });
    ASSERT_TRUE(server.Listen().ok()) << host;
    RawClient client(server.port());
    EXPECT_EQ(client.Ask(RawRequest("GET", "/from")).body, "127.0.0.1") << host;
  }
  EXPECT_EQ(HttpServer({.host = "no.such.host.invalid"}, metrics_).Listen().code(), base::StatusCode::kUnavailable);
}

TEST_F(HttpServerTest, CountsWhatItAnswers) {
  Start();
  EXPECT_EQ(Ask(RawRequest("GET", "/label/job/values")).status, 200);
  EXPECT_EQ(Ask(RawRequest("GET", "/nowhere")).status, 404);
  server_->Stop(base::Seconds(10));
  EXPECT_THAT(metrics_.WriteText(),
              HasSubstr("bellwether_http_requests_total{handler=\"/label/{name}/values\",code=\"200\"} 1"));
  EXPECT_THAT(metrics_.WriteText(), HasSubstr("bellwether_http_requests_total{handler=\"none\",code=\"404\"} 1"));
  EXPECT_THAT(metrics_.WriteText(), HasSubstr("bellwether_http_connections 0"));
  EXPECT_THAT(metrics_.WriteText(),
              HasSubstr("bellwether_http_request_duration_seconds_count{handler=\"/label/{name}/values\"} 1"));
}

}  // namespace
}  // namespace bellwether::api
