// api/http/raw_client_test.h
//
// For tests: a client that sends the bytes it is given over a real socket, and reads answers without help of any
// library. Every read blocks until it is satisfied or half a minute is over, so tests need no sleeps.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/http/http_server.h"

namespace bellwether::api {

struct RawResponse {
  int status = 0;  // 0: the connection ended before a head was complete.
  Params headers;
  std::string body;  // Chunks joined; compression left as it is.
  bool complete = false;

  [[nodiscard]] std::string_view Header(std::string_view name) const;
};

class RawClient {
 public:
  // Small receive buffers make a reader that is soon full.
  enum class Buffer : std::uint8_t { kUsual, kSmall };
  explicit RawClient(std::uint16_t port, Buffer buffer = Buffer::kUsual);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  [[nodiscard]] bool connected() const { return socket_ >= 0; }
  // False if the server has closed the connection.
  bool Send(std::string_view bytes);
  // The next response; interim ones (1xx) are returned as well. `method` HEAD: no body follows.
  RawResponse Read(std::string_view method = "GET");
  // Send and Read.
  RawResponse Ask(std::string_view bytes, std::string_view method = "GET");
  // True if the server closes the connection without sending anything more.
  bool ReadsEnd();
  void CloseWrite();
  void Close();

 private:
  bool Fill();
  bool FillTo(std::size_t bytes);
  std::string Take(std::size_t bytes);
  bool ReadChunks(std::string& body);

  int socket_ = -1;
  std::string buffer_;
};

// "GET /path HTTP/1.1\r\nHost: test\r\n<headers>\r\n<body>"; Content-Length is added to a body that is not empty.
[[nodiscard]] std::string RawRequest(std::string_view method, std::string_view target, std::string_view headers = {},
                                     std::string_view body = {});

}  // namespace bellwether::api
