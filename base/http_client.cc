#include "base/http_client.h"

#include <strings.h>

namespace bellwether::base {

std::string_view HttpClientResponse::Header(std::string_view name) const {
  for (const auto& [k, v] : headers) {
    if (k.size() == name.size() && strncasecmp(k.data(), name.data(), name.size()) == 0) return v;
  }
  return {};
}

Result<HttpClientResponse> FakeHttpClient::Send(const HttpClientRequest& request) {
  std::function<Result<HttpClientResponse>(const HttpClientRequest&)> handler;
  {
    const MutexLock lock(mu_);
    requests_.push_back(request);
    if (!script_.empty()) {
      auto answer = std::move(script_.front());
      script_.pop_front();
      return answer;
    }
    handler = handler_;
  }
  if (handler) return handler(request);
  return HttpClientResponse{.status = 200, .headers = {}, .body = {}};
}

void FakeHttpClient::Script(Result<HttpClientResponse> answer) {
  const MutexLock lock(mu_);
  script_.push_back(std::move(answer));
}

void FakeHttpClient::SetHandler(std::function<Result<HttpClientResponse>(const HttpClientRequest&)> handler) {
  const MutexLock lock(mu_);
  handler_ = std::move(handler);
}

std::vector<HttpClientRequest> FakeHttpClient::Requests() const {
  const MutexLock lock(mu_);
  return requests_;
}

}  // namespace bellwether::base
