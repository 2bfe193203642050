#include "notify/config/http_request.h"

#include <string>

namespace bellwether::notify {

base::Status ApplyHttpConfig(const HttpConfig& http, base::HttpClientRequest& request) {
  request.proxy_url = http.proxy_url;
  request.follow_redirects = http.follow_redirects;
  request.tls_insecure_skip_verify = http.insecure_skip_verify;
  request.basic_auth_username = http.username;
  if (!http.password.empty()) {
    BW_ASSIGN_OR_RETURN(request.basic_auth_password, ReadSecret(http.password));
  }
  if (!http.credentials.empty()) {
    BW_ASSIGN_OR_RETURN(const std::string credentials, ReadSecret(http.credentials));
    request.headers.emplace_back("Authorization", http.authorization_type + " " + credentials);
  }
  return base::OkStatus();
}

}  // namespace bellwether::notify
