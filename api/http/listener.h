// api/http/listener.h
//
// The listening socket and the thread that accepts: cpp-httplib's, which is named in listener.cc only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/status.h"

namespace bellwether::api {

class Listener {
 public:
  Listener();
  ~Listener();  // Stops.

  // Host empty: every address. Port 0: any free one. kUnavailable if the address does not resolve or is taken.
  base::Status Bind(const std::string& host, std::uint16_t port);
  [[nodiscard]] std::uint16_t port() const;

  // Accepts in a thread of its own from now on. `take` owns the socket it is given, and must neither block nor throw.
  void Start(std::function<void(int socket)> take);
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bellwether::api
