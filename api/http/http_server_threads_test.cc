// What happens at once: many connections, slow ones, handlers under way while clients leave or the server stops.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/http/http_server.h"
#include "api/http/raw_client_test.h"
#include "base/metrics.h"

namespace bellwether::api {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// Waits until the client is gone.
void WaitForStop(const std::stop_token& stop) {
  std::mutex mu;
  std::condition_variable_any changed;
  std::unique_lock lock(mu);
  changed.wait(lock, stop, [] { return false; });
}

class HttpServerThreadsTest : public ::testing::Test {
 protected:
  void Start(HttpServerOptions options = {}) {
    server_ = std::make_unique<HttpServer>(std::move(options), metrics_);
    server_->Route({"GET"}, "/quick", WorkerPool::kQuery,
                   [](const HttpRequest&, HttpResponse& response) { response.body = "quick"; });
    server_->Route({"GET"}, "/health", WorkerPool::kAdmin,
                   [](const HttpRequest&, HttpResponse& response) { response.body = "healthy"; });
    server_->Route({"POST"}, "/size", WorkerPool::kIngest, [](const HttpRequest& request, HttpResponse& response) {
      response.body = std::to_string(request.body.size());
    });
    server_->Route({"GET", "POST"}, "/held", WorkerPool::kQuery, [this](const HttpRequest&, HttpResponse& response) {
      held_.count_down();
      release_.get_future().wait();
      response.body = "released";
    });
    server_->Route({"GET"}, "/until-gone", WorkerPool::kQuery, [this](const HttpRequest& request, HttpResponse&) {
      held_.count_down();
      WaitForStop(request.client_gone);
      gone_.set_value();
    });
    server_->Route({"GET"}, "/big", WorkerPool::kQuery,
                   [](const HttpRequest&, HttpResponse& response) { response.body.assign(20u << 20, 'b'); });
    server_->Route({"GET"}, "/big-stream", WorkerPool::kQuery, [](const HttpRequest&, HttpResponse& response) {
      response.stream = [](BodySink& sink) {
        const std::string piece(64u << 10, 's');
        for (int i = 0; i < 100; ++i) sink.Write(piece);
      };
    });
    ASSERT_TRUE(server_->Listen().ok());
  }

  RawClient Connect() { return RawClient(server_->port()); }

  void WaitForMetric(const std::string& line) {
    while (metrics_.WriteText().find(line) == std::string::npos) std::this_thread::yield();
  }

  base::MetricsRegistry metrics_;
  std::latch held_{1};
  std::promise<void> release_;
  std::promise<void> gone_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerThreadsTest, ServesADashboardBesideManySendersAndSlowReaders) {
  Start({.query_workers = 1});
  std::vector<RawClient> senders;
  for (int i = 0; i < 200; ++i) senders.push_back(Connect());
  for (RawClient& sender : senders) ASSERT_EQ(sender.Ask(RawRequest("POST", "/size", "", "abc")).body, "3");
  RawClient slow(server_->port(), RawClient::Buffer::kSmall);
  RawClient slow_stream(server_->port(), RawClient::Buffer::kSmall);
  RawClient unfinished = Connect();
  slow.Send(RawRequest("GET", "/big"));
  slow_stream.Send(RawRequest("GET", "/big-stream"));
  unfinished.Send("GET /quick HTTP/1.1\r\nHost:");
  RawClient dashboard = Connect();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(dashboard.Ask(RawRequest("GET", "/quick")).body, "quick");
  for (RawClient& sender : senders) ASSERT_EQ(sender.Ask(RawRequest("POST", "/size", "", "abcd")).body, "4");
  EXPECT_EQ(slow.Read().body.size(), 20u << 20);
  EXPECT_EQ(slow_stream.Read().body.size(), 100u * (64u << 10));
  EXPECT_EQ(slow_stream.Ask(RawRequest("GET", "/quick")).body, "quick");
}

TEST_F(HttpServerThreadsTest, AnswersManyClientsAtOnce) {
  Start();
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([this, t, &wrong] {
        RawClient client = Connect();
        for (int i = 0; i < 50; ++i) {
          const std::string body(static_cast<std::size_t>(1 + i * 997 * (t + 1) % 200'000), 'x');
          const std::string size = std::to_string(body.size());
          if (client.Ask(RawRequest("POST", "/size", "", body)).body != size) ++wrong;
          client.Send(RawRequest("GET", "/quick") + RawRequest("GET", "/nowhere") + RawRequest("GET", "/health"));
          if (client.Read().body != "quick" || client.Read().status != 404 || client.Read().body != "healthy") ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

TEST_F(HttpServerThreadsTest, ClosesThoseWhoTakeTooLong) {
  Start({.request_timeout = base::Milliseconds(100)});
  RawClient half_head = Connect();
  RawClient half_body = Connect();
  half_head.Send("GET /quick HTTP/1.1\r\nHost: a");
  half_body.Send("POST /size HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc");
  for (RawClient* client : {&half_head, &half_body}) {
    const RawResponse response = client->Read();
    EXPECT_EQ(response.status, 408);
    EXPECT_EQ(response.Header("Connection"), "close");
    EXPECT_TRUE(client->ReadsEnd());
  }
  EXPECT_THAT(metrics_.WriteText(), HasSubstr("bellwether_http_refused_total{reason=\"timeout\"} 2"));
}

TEST_F(HttpServerThreadsTest, ClosesThoseWhoRestTooLong) {
  Start({.idle_timeout = base::Milliseconds(100)});
  RawClient never_asked = Connect();
  EXPECT_TRUE(never_asked.ReadsEnd());
}

TEST_F(HttpServerThreadsTest, TellsHandlersThatTheirClientIsGone) {
  Start();
  RawClient client = Connect();
  client.Send(RawRequest("GET", "/until-gone"));
  held_.wait();
  client.Close();
  gone_.get_future().wait();
}

TEST_F(HttpServerThreadsTest, KeepsPoolsApartAndRefusesWhatQueuesTooLong) {
  Start({.query_workers = 1, .query_queue_max = 1});
  RawClient held = Connect();
  held.Send(RawRequest("GET", "/held"));
  held_.wait();
  EXPECT_EQ(Connect().Ask(RawRequest("GET", "/health")).body, "healthy");
  EXPECT_EQ(Connect().Ask(RawRequest("POST", "/size", "", "a")).body, "1");
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(Connect());
    clients.back().Send(RawRequest("GET", "/quick"));
  }
  WaitForMetric("bellwether_http_refused_total{reason=\"queue_full\"} 2");
  release_.set_value();
  EXPECT_EQ(held.Read().body, "released");
  std::vector<int> statuses;
  for (RawClient& client : clients) statuses.push_back(client.Read().status);
  EXPECT_THAT(statuses, UnorderedElementsAre(200, 503, 503));
  for (RawClient& client : clients) EXPECT_EQ(client.Ask(RawRequest("GET", "/quick")).status, 200);
}

TEST_F(HttpServerThreadsTest, RefusesConnectionsBeyondTheLimit) {
  Start({.connections_max = 2});
  RawClient first = Connect();
  RawClient second = Connect();
  EXPECT_EQ(first.Ask(RawRequest("GET", "/quick")).status, 200);
  EXPECT_EQ(second.Ask(RawRequest("GET", "/quick")).status, 200);
  RawClient third = Connect();
  EXPECT_EQ(third.Read().status, 503);
  EXPECT_TRUE(third.ReadsEnd());
  EXPECT_EQ(first.Ask(RawRequest("GET", "/quick")).status, 200);
}

TEST_F(HttpServerThreadsTest, RefusesBodiesBeyondTheMemoryForThem) {
  Start({.bodies_bytes_max = 3u << 20});
  const std::string large(2u << 20, 'a');
  EXPECT_EQ(Connect().Ask(RawRequest("POST", "/size", "", large)).status, 200);
  RawClient holding = Connect();
  holding.Send(RawRequest("POST", "/held", "", large));
  held_.wait();
  EXPECT_EQ(Connect().Ask(RawRequest("POST", "/size", "", large)).status, 503);
  EXPECT_EQ(Connect().Ask(RawRequest("POST", "/size", "", "small")).status, 200);
  release_.set_value();
  EXPECT_EQ(holding.Read().body, "released");
  EXPECT_EQ(Connect().Ask(RawRequest("POST", "/size", "", large)).status, 200);
}

TEST_F(HttpServerThreadsTest, StopWaitsForTheRequestUnderWay) {
  Start();
  RawClient idle = Connect();
  EXPECT_EQ(idle.Ask(RawRequest("GET", "/quick")).status, 200);
  RawClient client = Connect();
  client.Send(RawRequest("GET", "/held"));
  held_.wait();
  std::jthread stopper([this] { server_->Stop(base::Minutes(1)); });
  EXPECT_TRUE(idle.ReadsEnd());
  EXPECT_FALSE(Connect().connected());
  release_.set_value();
  const RawResponse response = client.Read();
  EXPECT_EQ(response.body, "released");
  EXPECT_EQ(response.Header("Connection"), "close");
}

TEST_F(HttpServerThreadsTest, StopGivesUpOnHandlersAfterItsGrace) {
  Start();
  RawClient client = Connect();
  client.Send(RawRequest("GET", "/until-gone"));
  held_.wait();
  server_->Stop(base::Milliseconds(0));
  gone_.get_future().wait();
  EXPECT_EQ(client.Read().status, 0);
}

TEST_F(HttpServerThreadsTest, GateStandsBeforeAllButTheAdministration) {
  server_ = std::make_unique<HttpServer>(HttpServerOptions{}, metrics_);
  std::atomic<bool> ready{false};
  for (const auto& [path, pool] : {std::pair{"/query", WorkerPool::kQuery}, std::pair{"/admin", WorkerPool::kAdmin}}) {
    server_->Route({"GET"}, path, pool, [](const HttpRequest&, HttpResponse& response) { response.body = "done"; });
  }
  server_->SetGate([&](const HttpRequest&, HttpResponse& response) {
    response.status = 503;
    return !ready;
  });
  server_->SetErrorBody([](const HttpRequest& request, HttpResponse& response) {
    response.body = request.path + " " + std::to_string(response.status);
  });
  ASSERT_TRUE(server_->Listen().ok());
  RawClient client = Connect();
  EXPECT_EQ(client.Ask(RawRequest("GET", "/query")).status, 503);
  EXPECT_EQ(client.Ask(RawRequest("GET", "/admin")).body, "done");
  EXPECT_EQ(client.Ask(RawRequest("GET", "/none")).body, "/none 404");
  ready = true;
  EXPECT_EQ(client.Ask(RawRequest("GET", "/query")).body, "done");
}

}  // namespace
}  // namespace bellwether::api
