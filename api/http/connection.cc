#include "api/http/connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace bellwether::api {
namespace {

// One read takes a small request whole; of a large one the rest goes straight into its body.
constexpr std::size_t kHeadReadBytes = 16u << 10;

Connection::Received ConnectionReceive(int socket, char* to, std::size_t size) {
  for (;;) {
    const ssize_t n = recv(socket, to, size, 0);
    if (n > 0) {
      const auto bytes = static_cast<std::size_t>(n);
      return {Connection::Io::kProgress, bytes, bytes < size};
    }
    if (n == 0) return {};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Connection::Io::kWouldBlock, 0, true};
    return {};
  }
}

}  // namespace

void Outgoing::Clear() {
  head.clear();
  body = std::string();
  sent = 0;
}

void Outgoing::DropSent() {
  if (sent < head.size()) return;
  body.erase(0, sent - head.size());
  head.clear();
  sent = 0;
}

Connection::Connection(int socket, std::uint64_t connection_id, std::string remote)
    : id(connection_id), remote_address(std::move(remote)), socket_(socket) {
  const base::MutexLock lock(mu);
  loop.socket = socket;
}

Connection::~Connection() {
  if (socket_ >= 0) close(socket_);
}

Connection::Received Connection::ReceiveHead() {
  std::array<char, kHeadReadBytes> buffer;
  const Received received = ConnectionReceive(socket_, buffer.data(), buffer.size());
  in.append(buffer.data(), received.bytes);
  return received;
}

Connection::Received Connection::ReceiveBody() {
  const Received received = ConnectionReceive(socket_, incoming.body.data() + incoming.body_bytes,
                                              incoming.body.size() - incoming.body_bytes);
  incoming.body_bytes += received.bytes;
  return received;
}

Connection::Received Connection::Discard() {
  std::array<char, kHeadReadBytes> buffer;
  return ConnectionReceive(socket_, buffer.data(), buffer.size());
}

Connection::Io Connection::Send() {
  while (out.left() > 0) {
    std::array<iovec, 2> pieces{};
    std::size_t count = 0;
    std::size_t skip = out.sent;
    for (std::string* piece : {&out.head, &out.body}) {
      const std::size_t from = std::min(skip, piece->size());
      skip -= from;
      if (from < piece->size()) pieces[count++] = {piece->data() + from, piece->size() - from};
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    const ssize_t n = sendmsg(socket_, &message, MSG_NOSIGNAL);
    if (n >= 0) {
      out.sent += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return Io::kWouldBlock;
    } else if (errno != EINTR) {
      return Io::kClosed;
    }
  }
  out.Clear();
  return Io::kProgress;
}

Connection::Io Connection::SendBlocking(std::size_t left_max, std::chrono::milliseconds stall) {
  for (;;) {
    const Io io = Send();
    if (io != Io::kWouldBlock || out.left() <= left_max) return io;
    pollfd poll_for{socket_, POLLOUT, 0};
    const int ready = poll(&poll_for, 1, static_cast<int>(stall.count()));
    if (ready == 0 || (ready < 0 && errno != EINTR)) return Io::kClosed;
  }
}

void Connection::ShutdownOutput() { shutdown(socket_, SHUT_WR); }

}  // namespace bellwether::api
