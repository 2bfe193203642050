#include "api/http/listener.h"

#include <fcntl.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "base/log.h"

namespace bellwether::api {
namespace {

// Of the library, 5: a burst of 200 senders then waits for SYN retries. The kernel caps it at net.core.somaxconn.
constexpr int kListenBacklog = 4096;
constexpr std::chrono::milliseconds kAcceptPause{50};

// The library hands every accepted socket to a queue of tasks. Parking one is quick, so it is done on the spot.
class InlineTaskQueue final : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> task) override { task(); }
  void shutdown() override {}
};

void ListenerSocketOptions(socket_t socket) {
  // The library's own default is SO_REUSEPORT, with which a second server on the same port would not be noticed.
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
}

}  // namespace

// The packaged accept loop returns for good at the first error other than EINTR, EAGAIN and EMFILE, and ECONNABORTED or
// ENFILE are such errors. It also closes the listening socket then, so it is only ever given a duplicate, and started
// again. Shutting our own descriptor down is what ends it: no descriptor is closed under a thread that uses it.
class Listener::Impl final : public httplib::Server {
 public:
  Impl() {
    set_socket_options(ListenerSocketOptions);
    new_task_queue = [] { return new InlineTaskQueue; };
  }
  ~Impl() override {
    Stop();
    if (listening_ >= 0) close(listening_);
  }

  base::Status Bind(const std::string& host, std::uint16_t port) {
    int bound = -1;
    if (host.empty()) {
      bound = TryBind("::", port, AF_INET6);  // Takes IPv4 as well.
      if (bound <= 0 && errno != EADDRINUSE && errno != EACCES) bound = TryBind("0.0.0.0", port, AF_INET);
    } else {
      // "localhost" means 127.0.0.1 to most clients.
      bound = TryBind(host, port, AF_INET);
      if (bound <= 0 && errno != EADDRINUSE && errno != EACCES) bound = TryBind(host, port, AF_INET6);
    }
    if (bound <= 0) {
      const int error = errno;
      std::string message = "listen on " + host + ":" + std::to_string(port) + ": ";
      message.append(error != 0 ? std::strerror(error) : "the address does not resolve");
      return base::Unavailable(std::move(message));
    }
    port_ = static_cast<std::uint16_t>(bound);
    listening_ = svr_sock_.exchange(INVALID_SOCKET);
    fcntl(listening_, F_SETFD, FD_CLOEXEC);
    // A second listen on Linux changes the backlog.
    if (::listen(listening_, kListenBacklog) != 0) return base::Unavailable("listen: cannot raise the backlog");
    return base::OkStatus();
  }

  void Start(std::function<void(int)> take) {
    take_ = std::move(take);
    thread_ = std::jthread([this] { AcceptUntilStopped(); });
  }

  void Stop() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    svr_sock_ = INVALID_SOCKET;  // Ends the loop also where accept fails for want of descriptors.
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    // Releases the port at once, also while connections are still being drained.
    close(listening_);
    listening_ = -1;
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  // The port, or -1 and errno: 0 if the name does not resolve.
  int TryBind(const std::string& host, std::uint16_t port, int family) {
    set_address_family(family);
    errno = 0;
    const int bound = port == 0 ? bind_to_any_port(host) : (bind_to_port(host, port) ? port : -1);
    if (bound <= 0 && errno != EADDRINUSE && errno != EACCES && errno != EADDRNOTAVAIL) errno = 0;
    return bound;
  }

  void AcceptUntilStopped() {
    while (!stopping_) {
      const int copy = fcntl(listening_, F_DUPFD_CLOEXEC, 0);
      if (copy >= 0) {
        svr_sock_ = copy;
        // False: it has closed the copy.
        if (listen_after_bind()) close(copy);
        if (stopping_) return;
      }
      BW_LOG_EVERY(std::chrono::seconds(10), kWarning, "accepting connections failed, trying again",
                   {"error", std::string(std::strerror(errno))});
      std::this_thread::sleep_for(kAcceptPause);
    }
  }

  bool process_and_close_socket(socket_t socket) override {
    take_(socket);
    return true;
  }

  std::uint16_t port_ = 0;
  int listening_ = -1;
  std::function<void(int)> take_;
  std::atomic<bool> stopping_{false};
  std::jthread thread_;
};

Listener::Listener() : impl_(std::make_unique<Impl>()) {}
Listener::~Listener() = default;
base::Status Listener::Bind(const std::string& host, std::uint16_t port) { return impl_->Bind(host, port); }
std::uint16_t Listener::port() const { return impl_->port(); }
void Listener::Start(std::function<void(int socket)> take) { impl_->Start(std::move(take)); }
void Listener::Stop() { impl_->Stop(); }

}  // namespace bellwether::api
