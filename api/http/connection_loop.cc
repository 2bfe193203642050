#include "api/http/connection_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <utility>
#include <vector>

#include "base/log.h"

namespace bellwether::api {
namespace {

constexpr std::chrono::milliseconds kDrainTick{10};

std::uint32_t LoopEventsOf(Waiting what) {
  switch (what) {
    case Waiting::kOutput: return EPOLLOUT | EPOLLONESHOT;
    case Waiting::kHangup: return EPOLLRDHUP | EPOLLONESHOT;
    default: return EPOLLIN | EPOLLONESHOT;
  }
}

}  // namespace

ConnectionLoop::ConnectionLoop(Client& client, base::Gauge& connections_gauge, std::chrono::milliseconds tick)
    : client_(client), connections_gauge_(connections_gauge), tick_(tick) {}

ConnectionLoop::~ConnectionLoop() {
  Stop();
  if (epoll_ >= 0) close(epoll_);
  if (wake_ >= 0) close(wake_);
}

base::Status ConnectionLoop::Start() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (epoll_ < 0 || wake_ < 0) return base::Unavailable("listen: no descriptors left for epoll");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = 0;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) return base::Internal("listen: cannot watch the eventfd");
  thread_ = std::jthread([this] { Run(); });
  return base::OkStatus();
}

void ConnectionLoop::Stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  Wake();
  thread_.join();
  std::unordered_map<std::uint64_t, ConnectionPtr> left;
  {
    const base::MutexLock lock(mu_);
    left.swap(connections_);
  }
  connections_gauge_.Add(-static_cast<double>(left.size()));
}

ConnectionPtr ConnectionLoop::Add(int socket, std::string remote_address) {
  auto connection = std::make_shared<Connection>(socket, next_id_++, std::move(remote_address));
  epoll_event event{};
  event.events = EPOLLONESHOT;  // Nothing yet.
  event.data.u64 = connection->id;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) != 0) return nullptr;
  {
    const base::MutexLock lock(mu_);
    connections_.emplace(connection->id, connection);
  }
  connections_gauge_.Add(1);
  return connection;
}

void ConnectionLoop::Await(const ConnectionPtr& connection, Waiting what, SteadyTime deadline) {
  epoll_event event{};
  event.events = LoopEventsOf(what);
  event.data.u64 = connection->id;
  const base::MutexLock lock(connection->mu);
  connection->loop.waiting = what;
  connection->loop.deadline = deadline;
  if (what == Waiting::kHangup) connection->loop.client_gone = connection->client_gone;
  // Under the lock, so that the loop's thread never sees the one without the other; it does not block.
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection->loop.socket, &event);
}

void ConnectionLoop::Close(const ConnectionPtr& connection) {
  {
    const base::MutexLock lock(connection->mu);
    if (connection->loop.socket < 0) return;
    connection->loop.waiting = Waiting::kNothing;
    connection->loop.socket = -1;
    close(std::exchange(connection->socket_, -1));
  }
  bool empty = false;
  {
    const base::MutexLock lock(mu_);
    connections_.erase(connection->id);
    empty = connections_.empty();
  }
  connections_gauge_.Add(-1);
  if (empty) emptied_.NotifyAll();
}

void ConnectionLoop::Drain() {
  draining_ = true;
  Wake();
}

bool ConnectionLoop::WaitUntilEmpty(std::chrono::milliseconds timeout) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + timeout;
  const base::MutexLock lock(mu_);
  while (!connections_.empty()) {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (now >= deadline) return false;
    emptied_.WaitFor(mu_, std::chrono::ceil<std::chrono::milliseconds>(deadline - now));
  }
  return true;
}

void ConnectionLoop::Abort() {
  std::vector<ConnectionPtr> all;
  {
    const base::MutexLock lock(mu_);
    for (const auto& [id, connection] : connections_) all.push_back(connection);
  }
  for (const ConnectionPtr& connection : all) {
    std::stop_source client_gone(std::nostopstate);
    {
      const base::MutexLock lock(connection->mu);
      if (connection->loop.socket >= 0) shutdown(connection->loop.socket, SHUT_RDWR);
      if (connection->loop.waiting == Waiting::kHangup) client_gone = connection->loop.client_gone;
    }
    client_gone.request_stop();
  }
}

std::size_t ConnectionLoop::size() const {
  const base::MutexLock lock(mu_);
  return connections_.size();
}

void ConnectionLoop::Wake() {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the thread is awake anyway.
  [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof(one));
}

void ConnectionLoop::Run() {
  std::array<epoll_event, 128> events{};
  SteadyTime next_check = std::chrono::steady_clock::now() + tick_;
  while (!stopping_) {
    const auto now = std::chrono::steady_clock::now();
    const auto until = std::chrono::ceil<std::chrono::milliseconds>(next_check - now);
    const int timeout = static_cast<int>(std::clamp<std::int64_t>(until.count(), 0, 60'000));
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout);
    bool woken = false;
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.u64 == 0) {
        std::uint64_t ignored = 0;
        woken = read(wake_, &ignored, sizeof(ignored)) > 0;
      } else {
        OnEvent(event.data.u64, event.events);
      }
    }
    if (woken || std::chrono::steady_clock::now() >= next_check) {
      CheckDeadlines();
      next_check = std::chrono::steady_clock::now() + (draining_ ? std::min(kDrainTick, tick_) : tick_);
    }
  }
}

void ConnectionLoop::OnEvent(std::uint64_t id, std::uint32_t events) {
  ConnectionPtr connection;
  {
    const base::MutexLock lock(mu_);
    const auto it = connections_.find(id);
    if (it == connections_.end()) return;  // Closed since.
    connection = it->second;
  }
  Waiting what = Waiting::kNothing;
  std::stop_source client_gone(std::nostopstate);
  {
    const base::MutexLock lock(connection->mu);
    what = connection->loop.waiting;
    if (what == Waiting::kHangup) {
      if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) client_gone = connection->loop.client_gone;
    } else {
      connection->loop.waiting = Waiting::kNothing;
    }
  }
  if (what == Waiting::kHangup) {
    client_gone.request_stop();
  } else if (what != Waiting::kNothing) {
    Guarded(connection, &Client::OnReady, what);
  }
}

void ConnectionLoop::CheckDeadlines() {
  const SteadyTime now = std::chrono::steady_clock::now();
  std::vector<std::pair<ConnectionPtr, Waiting>> due;
  {
    const base::MutexLock lock(mu_);
    for (const auto& [id, connection] : connections_) {
      const base::MutexLock connection_lock(connection->mu);
      auto& loop = connection->loop;
      if (loop.waiting == Waiting::kNothing || loop.waiting == Waiting::kHangup) continue;
      const bool idle = loop.waiting == Waiting::kRequest || loop.waiting == Waiting::kLinger;
      if (now < loop.deadline && !(draining_ && idle)) continue;
      due.emplace_back(connection, loop.waiting);
      loop.waiting = Waiting::kNothing;
    }
  }
  for (const auto& [connection, what] : due) Guarded(connection, &Client::OnDeadline, what);
}

void ConnectionLoop::Guarded(const ConnectionPtr& connection, void (Client::*callback)(const ConnectionPtr&, Waiting),
                             Waiting what) {
  try {
    (client_.*callback)(connection, what);
  } catch (const std::exception& e) {
    // Memory, most likely. The callee may have handed the connection on already: Close is then harmless only because
    // nothing behind a hand-over throws.
    BW_LOG_EVERY(std::chrono::seconds(10), kError, "connection dropped", {"error", std::string(e.what())});
    Close(connection);
  }
}

}  // namespace bellwether::api
