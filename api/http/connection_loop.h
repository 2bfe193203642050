// api/http/connection_loop.h
//
// Where connections rest: one epoll, one thread. A resting connection costs no worker and no wake-up; the thread sleeps
// until a socket is ready or the next look at the deadlines is due.
//
// Every wait is one-shot: whoever owns a connection hands it over with Await, and from then on the loop owns it, until
// it gives it back through the client's callbacks, on the loop's thread. (Edge-triggered registration would save one
// system call a request, and would have two threads know the same connection at once.)
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>

#include "api/http/connection.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/status.h"

namespace bellwether::api {

class ConnectionLoop {
 public:
  // Called on the loop's thread; the callee owns the connection now, and hands it back with Await or Close. An
  // exception closes the connection.
  class Client {
   public:
    virtual ~Client() = default;
    virtual void OnReady(const ConnectionPtr& connection, Waiting what) = 0;
    virtual void OnDeadline(const ConnectionPtr& connection, Waiting what) = 0;
  };

  // `connections_gauge` follows size(). Both outlive the loop.
  ConnectionLoop(Client& client, base::Gauge& connections_gauge, std::chrono::milliseconds tick);
  ~ConnectionLoop();  // Stops.

  base::Status Start();
  // Joins the thread and closes what is left. No worker may own a connection any more.
  void Stop();

  // Makes a connection of a fresh socket, owned by the caller. Null if it cannot be watched; the socket is closed then.
  ConnectionPtr Add(int socket, std::string remote_address);

  // From the owner: wait until `deadline` at the latest. With kHangup the owner stays owner, no deadline counts, and
  // `connection->client_gone` is requested if the client goes away.
  void Await(const ConnectionPtr& connection, Waiting what, SteadyTime deadline);

  // From the owner.
  void Close(const ConnectionPtr& connection);

  // From now on connections between two requests are closed.
  void Drain();
  // Waits until there is no connection, at most so long. True if there is none.
  [[nodiscard]] bool WaitUntilEmpty(std::chrono::milliseconds timeout);
  // Lets the handlers under way know that their clients are gone, and cuts the sockets.
  void Abort();

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool draining() const { return draining_; }

 private:
  void Run();
  void Wake();
  void OnEvent(std::uint64_t id, std::uint32_t events);
  void CheckDeadlines();
  void Guarded(const ConnectionPtr& connection, void (Client::*callback)(const ConnectionPtr&, Waiting), Waiting what);

  Client& client_;
  base::Gauge& connections_gauge_;
  const std::chrono::milliseconds tick_;
  int epoll_ = -1;
  int wake_ = -1;  // An eventfd.

  std::atomic<bool> draining_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> next_id_{1};  // 0 stands for wake_.

  // Taken before a connection's own mutex, never after.
  mutable base::Mutex mu_;
  base::CondVar emptied_;
  std::unordered_map<std::uint64_t, ConnectionPtr> connections_ BW_GUARDED_BY(mu_);

  std::jthread thread_;
};

}  // namespace bellwether::api
