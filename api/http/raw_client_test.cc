#include "api/http/raw_client_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <utility>

#include "api/http/request_head.h"

namespace bellwether::api {

std::string_view RawResponse::Header(std::string_view name) const { return FindHeader(headers, name); }

RawClient::RawClient(std::uint16_t port, Buffer buffer) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
  timeval timeout{};
  timeout.tv_sec = 30;
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
  const int yes = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  if (buffer == Buffer::kSmall) {
    const int bytes = 4096;
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) Close();
}

RawClient::~RawClient() { Close(); }

RawClient::RawClient(RawClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), buffer_(std::move(other.buffer_)) {}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool RawClient::Fill() {
  std::array<char, 16384> bytes{};
  const ssize_t n = recv(socket_, bytes.data(), bytes.size(), 0);
  if (n <= 0) return false;
  buffer_.append(bytes.data(), static_cast<std::size_t>(n));
  return true;
}

bool RawClient::FillTo(std::size_t bytes) {
  while (buffer_.size() < bytes) {
    if (!Fill()) return false;
  }
  return true;
}

std::string RawClient::Take(std::size_t bytes) {
  std::string taken = buffer_.substr(0, bytes);
  buffer_.erase(0, bytes);
  return taken;
}

bool RawClient::ReadChunks(std::string& body) {
  for (;;) {
    std::size_t line_end = 0;
    while ((line_end = buffer_.find("\r\n")) == std::string::npos) {
      if (!Fill()) return false;
    }
    const std::string line = Take(line_end + 2);
    std::size_t size = 0;
    if (std::from_chars(line.data(), line.data() + line_end, size, 16).ptr != line.data() + line_end) return false;
    if (!FillTo(size + 2)) return false;
    body += Take(size);
    if (Take(2) != "\r\n") return false;
    if (size == 0) return true;
  }
}

RawResponse RawClient::Read(std::string_view method) {
  RawResponse response;
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return response;
  }
  const std::string head = Take(end + 4);
  std::from_chars(head.data() + 9, head.data() + 12, response.status);
  for (std::size_t at = head.find("\r\n") + 2; at < end;) {
    const std::size_t line_end = head.find("\r\n", at);
    const std::size_t colon = head.find(": ", at);
    response.headers.emplace_back(head.substr(at, colon - at), head.substr(colon + 2, line_end - colon - 2));
    at = line_end + 2;
  }
  const bool without_body =
      method == "HEAD" || response.status < 200 || response.status == 204 || response.status == 304;
  if (without_body) {
    response.complete = true;
  } else if (response.Header("Transfer-Encoding") == "chunked") {
    response.complete = ReadChunks(response.body);
  } else if (const auto length = response.Header("Content-Length"); !length.empty()) {
    std::size_t bytes = 0;
    std::from_chars(length.data(), length.data() + length.size(), bytes);
    response.complete = FillTo(bytes);
    response.body = Take(bytes);
  } else {
    while (Fill()) continue;
    response.body = std::exchange(buffer_, {});
    response.complete = true;
  }
  return response;
}

RawResponse RawClient::Ask(std::string_view bytes, std::string_view method) {
  Send(bytes);
  return Read(method);
}

bool RawClient::ReadsEnd() {
  if (!buffer_.empty()) return false;
  char byte = 0;
  return recv(socket_, &byte, 1, 0) == 0;
}

void RawClient::CloseWrite() { shutdown(socket_, SHUT_WR); }

void RawClient::Close() {
  if (socket_ >= 0) close(std::exchange(socket_, -1));
}

std::string RawRequest(std::string_view method, std::string_view target, std::string_view headers,
                       std::string_view body) {
  std::string request;
  request.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n").append(headers);
  if (!body.empty()) request.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  return request.append("\r\n").append(body);
}

}  // namespace bellwether::api
