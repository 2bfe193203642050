// notify/config/http_request.h
//
// What an http_config adds to a request: credentials, certificates, proxy, headers, read from their files at that
// moment. (The token of oauth2 is notify/receivers/oauth2.h's.)
#pragma once

#include "base/http_client.h"
#include "base/status.h"
#include "notify/config/http_config.h"

namespace bellwether::notify {

// kUnavailable: a secret's file cannot be read.
base::Status ApplyHttpConfig(const HttpConfig& http, base::HttpClientRequest& request);
base::Status ApplyConnection(const TlsConfig& tls, const ProxyConfig& proxy, base::HttpClientRequest& request);

}  // namespace bellwether::notify
