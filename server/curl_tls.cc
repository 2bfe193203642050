#include "server/curl_tls.h"

#include <string>

namespace bellwether::server {
namespace {

void SetPem(CURL* curl, CURLoption option, const std::string& pem) {
  if (pem.empty()) return;
  curl_blob blob{.data = const_cast<char*>(pem.data()), .len = pem.size(), .flags = CURL_BLOB_COPY};
  curl_easy_setopt(curl, option, &blob);
}

long MinVersion(base::TlsVersion version) {
  switch (version) {
    case base::TlsVersion::kTls10: return CURL_SSLVERSION_TLSv1_0;
    case base::TlsVersion::kTls11: return CURL_SSLVERSION_TLSv1_1;
    case base::TlsVersion::kTls13: return CURL_SSLVERSION_TLSv1_3;
    case base::TlsVersion::kTls12:
    case base::TlsVersion::kDefault: break;
  }
  return CURL_SSLVERSION_TLSv1_2;
}

long MaxVersion(base::TlsVersion version) {
  switch (version) {
    case base::TlsVersion::kTls10: return CURL_SSLVERSION_MAX_TLSv1_0;
    case base::TlsVersion::kTls11: return CURL_SSLVERSION_MAX_TLSv1_1;
    case base::TlsVersion::kTls12: return CURL_SSLVERSION_MAX_TLSv1_2;
    case base::TlsVersion::kTls13: return CURL_SSLVERSION_MAX_TLSv1_3;
    case base::TlsVersion::kDefault: break;
  }
  return CURL_SSLVERSION_MAX_DEFAULT;
}

}  // namespace

void ApplyTls(CURL* curl, const base::TlsSettings& settings) {
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, MinVersion(settings.min_version) | MaxVersion(settings.max_version));
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, settings.insecure_skip_verify ? 0L : 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, settings.insecure_skip_verify ? 0L : 2L);
  SetPem(curl, CURLOPT_CAINFO_BLOB, settings.ca);
  SetPem(curl, CURLOPT_SSLCERT_BLOB, settings.cert);
  SetPem(curl, CURLOPT_SSLKEY_BLOB, settings.key);
}

}  // namespace bellwether::server
