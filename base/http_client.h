// base/http_client.h
//
// Outgoing HTTP, as rules (Alertmanagers), notify (receivers) and incidents need it: one request, one answer, no state.
// The real one (server/http_client) is over libcurl; FakeHttpClient beside it answers from a script.
//
// Redirects are followed only within the same host; at most 64 KiB of an answer are read. A Status is returned when
// there is no answer at all (name, connection, TLS, time-out); an answer of any status code is a success here. URLs may
// carry secrets: they are never part of an error message.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"
#include "base/tls_settings.h"

namespace bellwether::base {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpClientRequest {
  std::string method = "POST";
  std::string url{};
  HttpHeaders headers{};
  std::string body{};
  DurationMs timeout = Seconds(10);
  TlsSettings tls{};
  std::string proxy_url{};              // Empty: none.
  std::string no_proxy{};               // Hosts that are reached without it: "a.example,.b.example,10.0.0.0/8".
  bool proxy_from_environment = false;  // http_proxy, https_proxy and no_proxy of the process decide.
  HttpHeaders proxy_headers{};          // For the proxy alone, where a tunnel goes through it.
  std::string basic_auth_username{};    // With the password; empty: none.
  std::string basic_auth_password{};
  bool follow_redirects = true;
  // Takes the body of a 2xx answer piece by piece, without bound, in place of the response's `body`. False ends the
  // transfer, as an error of the connection would.
  std::function<bool(std::string_view)> on_body{};
};

struct HttpClientResponse {
  int status = 0;
  HttpHeaders headers;
  std::string body;

  // The first header of this name, any case; empty if absent.
  [[nodiscard]] std::string_view Header(std::string_view name) const;
};

// Thread-safe.
class HttpClient {
 public:
  virtual ~HttpClient() = default;

  // Errors: kDeadlineExceeded (no complete answer in time), kUnavailable (anything else), kInvalidArgument (URL).
  virtual Result<HttpClientResponse> Send(const HttpClientRequest& request) = 0;
};

// Keeps every request and answers from a function or a queue; 200 with an empty body when nothing is scripted.
class FakeHttpClient final : public HttpClient {
 public:
  Result<HttpClientResponse> Send(const HttpClientRequest& request) override;

  void Script(Result<HttpClientResponse> answer);
  void SetHandler(std::function<Result<HttpClientResponse>(const HttpClientRequest&)> handler);
  [[nodiscard]] std::vector<HttpClientRequest> Requests() const;

 private:
  mutable Mutex mu_;
  std::deque<Result<HttpClientResponse>> script_ BW_GUARDED_BY(mu_);
  std::function<Result<HttpClientResponse>(const HttpClientRequest&)> handler_ BW_GUARDED_BY(mu_);
  std::vector<HttpClientRequest> requests_ BW_GUARDED_BY(mu_);
};

}  // namespace bellwether::base
