// notify/receivers/secret_filter.h
//
// Keeps secrets out of what is told about a delivery: an answer may repeat what it was sent.
#pragma once

#include <string>
#include <vector>

#include "base/http_client.h"
#include "notify/config/integrations.h"

namespace bellwether::notify {

class SecretFilter {
 public:
  // The secrets of the integration as its files have them now.
  explicit SecretFilter(const Integration& integration);

  // What the request carries beyond them: its URL, its credentials.
  void Add(const base::HttpClientRequest& request);
  void Add(std::string secret);

  // Replaces every occurrence by "<secret>".
  void Clean(std::string& text) const;

 private:
  std::vector<std::string> secrets_;
};

}  // namespace bellwether::notify
