// server/http_client.h
//
// base::HttpClient over libcurl. Connections are kept for the next request to the same host.
//
// What it does beyond the interface: only http and https; TLS 1.2 at least; no proxy from the environment, no .netrc,
// no cookies, no decompression. A redirect is followed, five at most, if it stays on the same host and port, or leads
// from http to https on the same host; any other is returned to the caller as the answer it is. 307 and 308 repeat
// method and body; after 301, 302 and 303 a GET follows, as in Go's client and in browsers. The timeout covers all of
// it.
//
// Addresses are not judged: that loopback or private networks are out of bounds is for the caller to say, who knows the
// configuration.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/http_client.h"
#include "base/mutex.h"
#include "base/status.h"

namespace bellwether::server {

class CurlHttpClient final : public base::HttpClient {
 public:
  // `user_agent` is sent where the request brings none, e.g. "Bellwether/1.0".
  explicit CurlHttpClient(std::string user_agent);
  ~CurlHttpClient() override;

  base::Result<base::HttpClientResponse> Send(const base::HttpClientRequest& request) override;

 private:
  struct Handle;

  std::unique_ptr<Handle> Take();
  void Return(std::unique_ptr<Handle> handle);

  const std::string user_agent_;

  base::Mutex mu_;
  // Each has connections of its own; the one used last is taken first, so that few connections are kept warm.
  std::vector<std::unique_ptr<Handle>> free_ BW_GUARDED_BY(mu_);
};

}  // namespace bellwether::server
