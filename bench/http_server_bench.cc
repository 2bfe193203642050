// What the HTTP server costs: requests a second and processor time of the server alone, which runs in a process of its
// own. The clients keep their connections and send one request after the other.
//
//   http_server_bench [connections] [seconds]
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "api/http/http_server.h"
#include "base/metrics.h"

namespace bellwether::bench {
namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Serves until `control` is closed; writes its port there first.
void Serve(int control) {
  base::MetricsRegistry metrics;
  api::HttpServer server({.ingest_workers = 2}, metrics);
  server.Route({"POST"}, "/write", api::WorkerPool::kIngest,
               [](const api::HttpRequest& request, api::HttpResponse& response) {
                 response.status = request.body.empty() ? 400 : 204;
               });
  server.Route({"GET"}, "/cpu", api::WorkerPool::kAdmin, [](const api::HttpRequest&, api::HttpResponse& response) {
    response.body = std::to_string(CpuSeconds());
  });
  if (!server.Listen().ok()) std::exit(1);
  const std::uint16_t port = server.port();
  if (write(control, &port, sizeof(port)) != sizeof(port)) std::exit(1);
  char ignored = 0;
  while (read(control, &ignored, 1) > 0) continue;
  server.Stop(base::Seconds(1));
}

class BenchClient {
 public:
  explicit BenchClient(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int yes = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) std::exit(1);
  }
  ~BenchClient() { close(socket_); }
  BenchClient(const BenchClient&) = delete;
  BenchClient& operator=(const BenchClient&) = delete;

  // Answers of the bench are short: one read takes them.
  std::string Ask(const std::string& request) {
    for (std::size_t sent = 0; sent < request.size();) {
      const ssize_t n = send(socket_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) std::exit(1);
      sent += static_cast<std::size_t>(n);
    }
    std::array<char, 4096> answer{};
    const ssize_t n = recv(socket_, answer.data(), answer.size(), 0);
    if (n <= 0) std::exit(1);
    return {answer.data(), static_cast<std::size_t>(n)};
  }

 private:
  int socket_;
};

double ServerCpu(std::uint16_t port) {
  BenchClient client(port);
  const std::string answer = client.Ask("GET /cpu HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n");
  return std::strtod(answer.c_str() + answer.rfind('\n'), nullptr);
}

void Measure(std::uint16_t port, const char* name, std::size_t body_bytes, int connections, double seconds) {
  const std::string request =
      "POST /write HTTP/1.1\r\nHost: bench\r\nUser-Agent: Prometheus/3.0.0\r\nContent-Encoding: "
      "snappy\r\nContent-Type: application/x-protobuf\r\nContent-Length: " +
      std::to_string(body_bytes) + "\r\n\r\n" + std::string(body_bytes, 'x');
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> requests{0};
  const double cpu_before = ServerCpu(port);
  const auto begin = steady_clock::now();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < connections; ++i) {
      threads.emplace_back([&] {
        BenchClient client(port);
        while (!stop) {
          if (!client.Ask(request).starts_with("HTTP/1.1 204")) std::exit(1);
          ++requests;
        }
      });
    }
    std::this_thread::sleep_for(duration<double>(seconds));
    stop = true;
  }
  const double wall = duration<double>(steady_clock::now() - begin).count();
  const double cpu = ServerCpu(port) - cpu_before;
  const auto count = static_cast<double>(requests.load());
  std::printf("%-22s %4d connections  %9.0f requests/s  %6.1f us of server CPU a request\n", name, connections,
              count / wall, cpu / count * 1e6);
}

void MeasureIdle(std::uint16_t port, int connections, double seconds) {
  std::vector<std::unique_ptr<BenchClient>> clients;
  for (int i = 0; i < connections; ++i) {
    clients.push_back(std::make_unique<BenchClient>(port));
    clients.back()->Ask("POST /write HTTP/1.1\r\nHost: bench\r\nContent-Length: 1\r\n\r\nx");
  }
  const double before = ServerCpu(port);
  std::this_thread::sleep_for(duration<double>(seconds));
  std::printf("%-22s %4d connections  %.4f %% of one core\n", "idle", connections,
              (ServerCpu(port) - before) / seconds * 100);
}

int Main(int connections, double seconds) {
  std::array<int, 2> control{};
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, control.data()) != 0) return 1;
  const pid_t child = fork();
  if (child == 0) {
    close(control[0]);
    Serve(control[1]);
    std::_Exit(0);
  }
  close(control[1]);
  std::uint16_t port = 0;
  if (read(control[0], &port, sizeof(port)) != sizeof(port)) return 1;
  MeasureIdle(port, connections, seconds);
  for (const int n : {1, 8, connections}) {
    Measure(port, "POST 100 B", 100, n, seconds);
    Measure(port, "POST 90 KB", 90'000, n, seconds);
  }
  close(control[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

}  // namespace
}  // namespace bellwether::bench

int main(int argc, char** argv) {
  const int connections = argc > 1 ? std::atoi(argv[1]) : 200;
  const double seconds = argc > 2 ? std::atof(argv[2]) : 5;
  return bellwether::bench::Main(std::max(connections, 1), seconds);
}
