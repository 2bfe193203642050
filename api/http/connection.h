// api/http/connection.h
//
// One accepted socket with what has been read and what is still to be written. Never blocks but in SendBlocking.
//
// A connection has one owner at a time: the loop (connection_loop.h) while it rests in epoll, the loop's thread while
// that reads, a worker while a handler runs. Only the owner touches it; the part under `mu` belongs to the loop.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "api/http/request_head.h"
#include "api/http/router.h"
#include "base/mutex.h"

namespace bellwether::api {

using SteadyTime = std::chrono::steady_clock::time_point;

// What a connection waits for in epoll.
enum class Waiting : std::uint8_t {
  kNothing,  // Owned by a thread.
  kRequest,  // The first byte of the next request.
  kInput,    // The rest of a request.
  kOutput,   // The client to read its response.
  kLinger,   // The client to stop sending what nobody reads.
  kHangup,   // A handler runs; only the client's going away is of interest.
};

// A response on its way: `head` first, then `body`.
struct Outgoing {
  std::string head;
  std::string body;
  std::size_t sent = 0;

  [[nodiscard]] std::size_t left() const { return head.size() + body.size() - sent; }
  void Clear();
  void DropSent();  // Forgets what was sent, so that a stream does not grow.
};

// Bytes counted in a total for as long as this lives.
class MemoryCharge {
 public:
  MemoryCharge() = default;
  MemoryCharge(MemoryCharge&& other) noexcept : total_(other.total_), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryCharge& operator=(MemoryCharge&& other) noexcept {
    std::swap(total_, other.total_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MemoryCharge() {
    if (bytes_ > 0) total_->fetch_sub(bytes_);
  }

  // The new total. One charge belongs to one total.
  std::size_t Add(std::atomic<std::size_t>& total, std::size_t bytes) {
    total_ = &total;
    bytes_ += bytes;
    return total.fetch_add(bytes) + bytes;
  }

 private:
  std::atomic<std::size_t>* total_ = nullptr;
  std::size_t bytes_ = 0;
};

// The request under way.
struct Incoming {
  bool head_done = false;
  RequestHead head;
  std::string body;  // Sized for what is expected next; `body_bytes` of it are there.
  std::size_t body_bytes = 0;
  MemoryCharge charge;    // For the body.
  RouteMatch match;       // Found with the head.
  std::string path;       // Decoded, without prefix.
  SteadyTime deadline{};  // For the whole request; meaningful once its first byte is there.
  bool begun = false;
};

class Connection {
 public:
  // Takes the socket, which must be non-blocking.
  Connection(int socket, std::uint64_t id, std::string remote_address);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  enum class Io : std::uint8_t { kProgress, kWouldBlock, kClosed };
  struct Received {
    Io io = Io::kClosed;
    std::size_t bytes = 0;
    bool drained = false;  // Less came than was asked for: there is nothing more for now.
  };

  // Appends to `in`.
  Received ReceiveHead();
  // Fills incoming.body up to its size.
  Received ReceiveBody();
  // Reads and forgets.
  Received Discard();

  // Sends what is in `out` as far as the socket takes it; kProgress when all of it went.
  Io Send();
  // Waits up to `stall` each time the socket is full, until no more than `left_max` bytes are in `out`.
  Io SendBlocking(std::size_t left_max, std::chrono::milliseconds stall);

  // Says that nothing more will be sent.
  void ShutdownOutput();

  const std::uint64_t id;
  const std::string remote_address;

  // Of the owner.
  std::string in;           // Read and not yet understood; may hold the next requests.
  std::size_t scanned = 0;  // How much of `in` was searched for the end of a head.
  Incoming incoming;
  Outgoing out;
  bool close_after_response = false;
  bool input_abandoned = false;  // The client may still be sending what nobody will read.
  std::stop_source client_gone;

  // Of the loop.
  struct LoopState {
    int socket = -1;  // -1: closed. Written by the owner only.
    Waiting waiting = Waiting::kNothing;
    SteadyTime deadline{};
    std::stop_source client_gone;  // A copy, for the loop to use while a worker owns the rest.
  };
  base::Mutex mu;
  LoopState loop BW_GUARDED_BY(mu);

 private:
  friend class ConnectionLoop;
  int socket_;  // -1 after the loop closed it.
};

using ConnectionPtr = std::shared_ptr<Connection>;

}  // namespace bellwether::api
