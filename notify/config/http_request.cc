#include "notify/config/http_request.h"

#include <string>

namespace bellwether::notify {

base::Status ApplyConnection(const TlsConfig& tls, const ProxyConfig& proxy, base::HttpClientRequest& request) {
  BW_ASSIGN_OR_RETURN(request.tls, ReadTls(tls));
  request.proxy_url = proxy.url;
  request.no_proxy = proxy.no_proxy;
  request.proxy_from_environment = proxy.from_environment;
  for (const auto& [name, value] : proxy.connect_headers) {
    BW_ASSIGN_OR_RETURN(std::string text, ReadSecret(value));
    request.proxy_headers.emplace_back(name, std::move(text));
  }
  return base::OkStatus();
}

base::Status ApplyHttpConfig(const HttpConfig& http, base::HttpClientRequest& request) {
  BW_RETURN_IF_ERROR(ApplyConnection(http.tls, http.proxy, request));
  request.follow_redirects = http.follow_redirects;
  BW_ASSIGN_OR_RETURN(request.basic_auth_username, ReadSecret(http.username));
  BW_ASSIGN_OR_RETURN(request.basic_auth_password, ReadSecret(http.password));
  if (!http.credentials.empty()) {
    BW_ASSIGN_OR_RETURN(const std::string credentials, ReadSecret(http.credentials));
    request.headers.emplace_back("Authorization", http.authorization_type + " " + credentials);
  }
  for (const auto& [name, value] : http.headers) {
    BW_ASSIGN_OR_RETURN(std::string text, ReadSecret(value));
    request.headers.emplace_back(name, std::move(text));
  }
  return base::OkStatus();
}

}  // namespace bellwether::notify
