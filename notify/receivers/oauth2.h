// notify/receivers/oauth2.h
//
// Access tokens of OAuth 2.0's client credentials: fetched where none is known or the known one is about to end, kept
// in memory alone.
//
// Source: RFC 6749 section 4.4.
#pragma once

#include <map>
#include <string>

#include "base/http_client.h"
#include "base/mutex.h"
#include "base/status.h"
#include "base/time.h"
#include "notify/config/http_config.h"

namespace bellwether::notify {

// Thread-safe. No lock is held while a token is fetched: two threads may fetch at once.
class TokenSource {
 public:
  // kUnavailable, without a secret, where the token server does not answer or refuses.
  [[nodiscard]] base::Result<std::string> Get(const OAuth2Config& config, base::HttpClient& http,
                                              base::TimestampMs now);
  // The token was refused: the next Get fetches another.
  void Drop(const OAuth2Config& config);

 private:
  struct Token {
    std::string text;
    base::TimestampMs good_until;
  };

  base::Mutex mu_;
  std::map<std::string, Token> tokens_ BW_GUARDED_BY(mu_);
};

}  // namespace bellwether::notify
