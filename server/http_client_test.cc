#include "server/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/http/http_server.h"
#include "base/metrics.h"

namespace bellwether::server {
namespace {

using api::HttpRequest;
using api::HttpResponse;
using api::WorkerPool;
using ::testing::HasSubstr;
using ::testing::Not;

class CurlHttpClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Route("/echo", [](const HttpRequest& request, HttpResponse& response) {
      response.content_type = "text/plain";
      response.body = request.method + "|" + std::string(request.Header("X-Given")) + "|" +
                      std::string(request.Header("Content-Type")) + "|" + std::string(request.Header("User-Agent")) +
                      "|" + std::string(request.Header("Authorization")) + "|" + request.body;
      response.headers.emplace_back("X-Answer", "yes");
    });
    Route("/status", [](const HttpRequest& request, HttpResponse& response) {
      response.status = std::stoi(request.Param("code").value_or("200"));
    });
    Route("/redirect", [](const HttpRequest& request, HttpResponse& response) {
      response.status = std::stoi(request.Param("code").value_or("302"));
      response.headers.emplace_back("Location", request.Param("to").value_or("/redirect"));
    });
    Route("/large", [](const HttpRequest&, HttpResponse& response) { response.body.assign(1u << 20, 'x'); });
    Route("/never", [](const HttpRequest& request, HttpResponse&) {
      std::mutex mu;
      std::condition_variable_any changed;
      std::unique_lock lock(mu);
      changed.wait(lock, request.client_gone, [] { return false; });
    });
    ASSERT_TRUE(server_.Listen().ok());
    base_ = "http://127.0.0.1:" + std::to_string(server_.port());
  }

  void Route(const std::string& path, const api::HttpHandler& handler) {
    server_.Route({"GET", "POST", "PUT", "DELETE"}, path, WorkerPool::kQuery, handler);
  }

  std::string Body(const base::HttpClientRequest& request) {
    const auto response = client_.Send(request);
    return response.ok() ? response->body : response.status().ToString();
  }

  base::MetricsRegistry metrics_;
  api::HttpServer server_{api::HttpServerOptions{}, metrics_};
  std::string base_;
  CurlHttpClient client_{"Bellwether/test"};
};

TEST_F(CurlHttpClientTest, HandsOnTheBodyOfASuccessPieceByPiece) {
  std::string body;
  base::HttpClientRequest request{.method = "GET", .url = base_ + "/large"};
  request.on_body = [&](std::string_view piece) {
    body.append(piece);
    return true;
  };
  EXPECT_EQ(client_.Send(request).value().status, 200);
  EXPECT_EQ(body.size(), 1u << 20);
  request.on_body = [](std::string_view) { return false; };
  EXPECT_FALSE(client_.Send(request).ok());
  request.url = base_ + "/absent";
  request.on_body = [&](std::string_view) {
    ADD_FAILURE();
    return true;
  };
  EXPECT_EQ(client_.Send(request).value().status, 404);
}

TEST_F(CurlHttpClientTest, SendsWhatItIsGiven) {
  EXPECT_EQ(
      Body({.url = base_ + "/echo", .headers = {{"X-Given", "a"}, {"Content-Type", "application/json"}}, .body = "{}"}),
      "POST|a|application/json|Bellwether/test||{}");
  EXPECT_EQ(Body({.method = "GET", .url = base_ + "/echo", .headers = {{"User-Agent", "other"}}}), "GET|||other||");
  EXPECT_EQ(Body({.method = "PUT", .url = base_ + "/echo", .body = "abc"}), "PUT|||Bellwether/test||abc");
  EXPECT_EQ(Body({.method = "DELETE", .url = base_ + "/echo"}), "DELETE|||Bellwether/test||");
  EXPECT_EQ(Body({.url = base_ + "/echo", .basic_auth_username = "u", .basic_auth_password = "p"}),
            "POST|||Bellwether/test|Basic dTpw|");
  const std::string zeros(100'000, '\0');
  EXPECT_THAT(Body({.url = base_ + "/echo", .body = zeros}), HasSubstr(zeros.substr(0, 60'000)));
}

TEST_F(CurlHttpClientTest, ReturnsEveryStatusAsAnAnswer) {
  for (const int code : {200, 204, 404, 429, 500, 503}) {
    const auto response = client_.Send({.url = base_ + "/status?code=" + std::to_string(code)});
    ASSERT_TRUE(response.ok());
    EXPECT_EQ(response->status, code);
  }
  const auto response = client_.Send({.url = base_ + "/echo"});
  EXPECT_EQ(response->Header("x-answer"), "yes");
  const auto head = client_.Send({.method = "HEAD", .url = base_ + "/echo"});
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->body, "");
}

TEST_F(CurlHttpClientTest, FollowsRedirectsWithinTheHostOnly) {
  const auto to = [&](const std::string& code, const std::string& target) {
    return base::HttpClientRequest{
        .url = base_ + "/redirect?code=" + code + "&to=" + target, .headers = {{"X-Given", "a"}}, .body = "b"};
  };
  EXPECT_EQ(Body(to("307", "/echo")), "POST|a||Bellwether/test||b");
  EXPECT_EQ(Body(to("308", base_ + "/echo")), "POST|a||Bellwether/test||b");
  EXPECT_EQ(Body(to("302", "/echo")), "GET|a||Bellwether/test||");
  EXPECT_EQ(Body(to("303", "/echo")), "GET|a||Bellwether/test||");
  const auto stays = [&](const base::HttpClientRequest& request, int status) {
    const auto response = client_.Send(request);
    ASSERT_TRUE(response.ok()) << response.status().ToString();
    EXPECT_EQ(response->status, status);
  };
  stays(to("307", "http://localhost:" + std::to_string(server_.port()) + "/echo"), 307);
  stays(to("307", "http://127.0.0.1:1/echo"), 307);
  stays(to("307", "file:///etc/hostname"), 307);
  auto unfollowed = to("307", "/echo");
  unfollowed.follow_redirects = false;
  stays(unfollowed, 307);
  stays({.url = base_ + "/redirect"}, 302);  // To itself, for ever.
}

TEST_F(CurlHttpClientTest, ReadsNoMoreThanItMust) {
  const auto response = client_.Send({.url = base_ + "/large"});
  ASSERT_TRUE(response.ok()) << response.status().ToString();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, std::string(64u << 10, 'x'));
}

TEST_F(CurlHttpClientTest, TellsErrorsWithoutTheUrl) {
  const auto fails = [&](const std::string& url, base::StatusCode code) {
    const auto response = client_.Send({.url = url, .timeout = base::Milliseconds(300)});
    ASSERT_FALSE(response.ok()) << url;
    EXPECT_EQ(response.status().code(), code) << response.status().ToString();
    for (const char* part : {"secret", "127.0.0.1", "invalid.host"}) {
      EXPECT_THAT(response.status().message(), Not(HasSubstr(part)));
    }
  };
  fails("ftp://127.0.0.1/secret", base::StatusCode::kInvalidArgument);
  fails("file:///secret", base::StatusCode::kInvalidArgument);
  fails("/secret", base::StatusCode::kInvalidArgument);
  fails("", base::StatusCode::kInvalidArgument);
  fails("http://127.0.0.1:1/secret", base::StatusCode::kUnavailable);
  fails(base_ + "/never?secret", base::StatusCode::kDeadlineExceeded);
  const auto split = client_.Send({.url = base_ + "/echo", .headers = {{"A", "b\r\nC: d"}}});
  EXPECT_EQ(split.status().code(), base::StatusCode::kInvalidArgument);
}

TEST_F(CurlHttpClientTest, GoesThroughTheProxyItIsGiven) {
  // The server as a proxy: it is asked for the whole URL and answers itself.
  EXPECT_EQ(Body({.method = "GET", .url = "http://elsewhere.test/echo", .proxy_url = base_}),
            "GET|||Bellwether/test||");
}

TEST_F(CurlHttpClientTest, KeepsConnections) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client_.Send({.url = base_ + "/echo", .body = "a"}).ok());
  EXPECT_THAT(metrics_.WriteText(), HasSubstr("bellwether_http_connections 1\n"));
}

using CurlHttpClientThreadsTest = CurlHttpClientTest;

TEST_F(CurlHttpClientThreadsTest, ServesManyThreads) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 20; ++i) {
        const std::string body = std::to_string(t * 100 + i);
        EXPECT_EQ(Body({.url = base_ + "/echo", .body = body}), "POST|||Bellwether/test||" + body);
      }
    });
  }
}

}  // namespace
}  // namespace bellwether::server
