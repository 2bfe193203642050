// base/tls_settings.h
//
// How a client judges and shows certificates on an outgoing connection. Texts are PEM, read from wherever they are kept
// each time something is sent, so that a renewed certificate needs no reload.
#pragma once

#include <cstdint>
#include <string>

namespace bellwether::base {

enum class TlsVersion : std::uint8_t { kDefault, kTls10, kTls11, kTls12, kTls13 };

struct TlsSettings {
  std::string ca = {};    // Empty: the machine's.
  std::string cert = {};  // Shown to a server that asks; with `key`.
  std::string key = {};
  std::string server_name = {};                   // The certificate must be of this host; empty: the one connected to.
  bool insecure_skip_verify = false;              // Takes any certificate.
  TlsVersion min_version = TlsVersion::kDefault;  // The default is 1.2.
  TlsVersion max_version = TlsVersion::kDefault;  // The default is the newest.
  friend bool operator==(const TlsSettings&, const TlsSettings&) = default;
};

}  // namespace bellwether::base
