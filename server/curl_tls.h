// server/curl_tls.h
//
// base::TlsSettings in libcurl's words, the same for HTTP and mail.
#pragma once

#include <curl/curl.h>

#include "base/tls_settings.h"

namespace bellwether::server {

// `settings` outlives the transfer. The server's name is for the caller to arrange: libcurl judges the certificate by
// the host of the URL.
void ApplyTls(CURL* curl, const base::TlsSettings& settings);

}  // namespace bellwether::server
