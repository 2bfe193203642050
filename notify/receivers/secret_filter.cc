#include "notify/receivers/secret_filter.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"

namespace bellwether::notify {
namespace {

constexpr std::string_view kMask = "<secret>";
constexpr std::size_t kPathSecretMin = 8;  // A shorter path of a URL is none.
constexpr std::size_t kSecretMin = 4;      // What is shorter is in every text.

// Every secret of the configuration; urls among them.
std::vector<const Secret*> SecretsOf(const Integration& integration) {
  std::vector<const Secret*> out = {&integration.http.password, &integration.http.credentials};
  for (const auto& [name, value] : integration.http.headers) out.push_back(&value);
  for (const auto& [name, value] : integration.http.proxy.connect_headers) out.push_back(&value);
  if (integration.http.oauth2) out.push_back(&integration.http.oauth2->client_secret);
  if (const auto* webhook = std::get_if<WebhookConfig>(&integration.target)) {
    out.push_back(&webhook->url);
    out.push_back(&webhook->hub_secret);
    for (const Secret& key : webhook->signing_keys) out.push_back(&key);
  }
  if (const auto* slack = std::get_if<SlackConfig>(&integration.target)) {
    if (slack->app_token.empty()) out.push_back(&slack->api_url);
    out.push_back(&slack->app_token);
  }
  if (const auto* pagerduty = std::get_if<PagerDutyConfig>(&integration.target)) {
    out.push_back(&pagerduty->routing_key);
    out.push_back(&pagerduty->service_key);
  }
  if (const auto* email = std::get_if<EmailConfig>(&integration.target)) {
    out.push_back(&email->password);
    out.push_back(&email->secret);
  }
  return out;
}

// The password in http://user:password@host/.
std::string PasswordOf(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return {};
  const std::string authority = url.substr(scheme + 3, url.find('/', scheme + 3) - scheme - 3);
  const std::size_t at = authority.rfind('@');
  const std::size_t colon = authority.find(':');
  return at == std::string::npos || colon > at ? "" : authority.substr(colon + 1, at - colon - 1);
}

}  // namespace

SecretFilter::SecretFilter(const Integration& integration) {
  for (const Secret* secret : SecretsOf(integration)) {
    const auto text = ReadSecret(*secret);
    if (text.ok()) Add(*text);
  }
}

void SecretFilter::Add(std::string secret) {
  if (secret.size() < kSecretMin) return;
  if (const std::size_t scheme = secret.find("://"); scheme != std::string::npos) {
    const std::size_t path = secret.find('/', scheme + 3);
    if (path != std::string::npos && secret.size() - path > kPathSecretMin) secrets_.push_back(secret.substr(path));
    std::string password = PasswordOf(secret);
    if (!password.empty()) secrets_.push_back(std::move(password));
  }
  secrets_.push_back(std::move(secret));
  // The longest first, so that no part of one is left.
  std::sort(secrets_.begin(), secrets_.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

void SecretFilter::Add(const base::HttpClientRequest& request) {
  Add(request.url);
  Add(request.proxy_url);
  Add(request.basic_auth_password);
  if (!request.basic_auth_password.empty()) {
    Add(base::EncodeBase64(request.basic_auth_username + ":" + request.basic_auth_password));
  }
  for (const auto& [name, value] : request.headers) {
    if (name == "Authorization") Add(value.substr(value.find(' ') + 1));
  }
}

void SecretFilter::Clean(std::string& text) const {
  for (const std::string& secret : secrets_) {
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
      text.replace(at, secret.size(), kMask);
      at += kMask.size();
    }
  }
}

}  // namespace bellwether::notify
