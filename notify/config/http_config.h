// notify/config/http_config.h
//
// How requests leave: Prometheus's and Alertmanager's http_config as values. A secret is a text or the name of a file
// that is read each time something is sent; neither is ever printed.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/http_client.h"
#include "base/status.h"
#include "base/tls_settings.h"

namespace bellwether::notify {

struct Secret {
  std::string text = {};
  std::string file = {};  // Absolute, or relative to the working directory.
  [[nodiscard]] bool empty() const { return text.empty() && file.empty(); }
};

// The secret itself. kUnavailable, naming the file's path but nothing of its content, if it cannot be read.
[[nodiscard]] base::Result<std::string> ReadSecret(const Secret& secret);

struct TlsConfig {
  Secret ca = {};
  Secret cert = {};
  Secret key = {};
  std::string server_name = {};
  bool insecure_skip_verify = false;
  base::TlsVersion min_version = base::TlsVersion::kDefault;
  base::TlsVersion max_version = base::TlsVersion::kDefault;
};

struct ProxyConfig {
  std::string url = {};
  std::string no_proxy = {};      // Hosts that are reached without it, as in the variable of that name.
  bool from_environment = false;  // HTTP_PROXY, HTTPS_PROXY and NO_PROXY decide.
  std::vector<std::pair<std::string, Secret>> connect_headers = {};  // For the proxy alone.
};

struct OAuth2Config {
  std::string client_id = {};
  Secret client_secret = {};
  std::vector<std::string> scopes = {};
  std::string token_url = {};
  std::map<std::string, std::string> endpoint_params = {};
  TlsConfig tls = {};
  ProxyConfig proxy = {};
};

struct HttpConfig {
  Secret username = {};
  Secret password = {};
  std::string authorization_type = {};  // "Bearer"; with `credentials`.
  Secret credentials = {};
  std::shared_ptr<const OAuth2Config> oauth2 = {};  // May be null.
  TlsConfig tls = {};
  ProxyConfig proxy = {};
  bool follow_redirects = true;
  std::vector<std::pair<std::string, Secret>> headers = {};  // A name may come several times.
};

// What the files say now. kUnavailable if one of them cannot be read.
[[nodiscard]] base::Result<base::TlsSettings> ReadTls(const TlsConfig& config);

}  // namespace bellwether::notify
