// notify/config/http_request.h
//
// Credentials and ways of the connection, as a configuration asks for them, put on a request.
#pragma once

#include "base/http_client.h"
#include "base/status.h"
#include "notify/config/config.h"

namespace bellwether::notify {

// Secret files are read now. Errors: ReadSecret's.
[[nodiscard]] base::Status ApplyHttpConfig(const HttpConfig& http, base::HttpClientRequest& request);

}  // namespace bellwether::notify
