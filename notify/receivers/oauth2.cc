#include "notify/receivers/oauth2.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "notify/config/http_request.h"
#include "template/escape.h"

namespace bellwether::notify {
namespace {

constexpr base::DurationMs kTokenMargin = base::Seconds(10);
constexpr base::DurationMs kTokenAgeMax = base::Hours(1);  // Where the server names no end.

std::string TokenKey(const OAuth2Config& config) {
  std::string key;
  base::AppendLengthPrefixed(key, config.token_url);
  base::AppendLengthPrefixed(key, config.client_id);
  base::AppendLengthPrefixed(key, config.client_secret.text + config.client_secret.file);
  for (const std::string& scope : config.scopes) base::AppendLengthPrefixed(key, scope);
  for (const auto& [name, value] : config.endpoint_params) {
    base::AppendLengthPrefixed(key, name);
    base::AppendLengthPrefixed(key, value);
  }
  return key;
}

// `in_body`: some servers take the credentials only there.
std::string TokenForm(const OAuth2Config& config, const std::string& secret, bool in_body) {
  std::string body = "grant_type=client_credentials";
  const auto add = [&](std::string_view name, const std::string& value) {
    body += fmt::format("&{}={}", templating::EscapeQuery(std::string(name)), templating::EscapeQuery(value));
  };
  std::string scopes;
  for (const std::string& scope : config.scopes) scopes += (scopes.empty() ? "" : " ") + scope;
  if (!scopes.empty()) add("scope", scopes);
  for (const auto& [name, value] : config.endpoint_params) add(name, value);
  if (in_body) {
    add("client_id", config.client_id);
    add("client_secret", secret);
  }
  return body;
}

}  // namespace

base::Result<std::string> TokenSource::Get(const OAuth2Config& config, base::HttpClient& http, base::TimestampMs now) {
  const std::string key = TokenKey(config);
  {
    const base::MutexLock lock(mu_);
    const auto it = tokens_.find(key);
    if (it != tokens_.end() && now < it->second.good_until) return it->second.text;
  }
  BW_ASSIGN_OR_RETURN(const std::string secret, ReadSecret(config.client_secret));
  base::HttpClientRequest request;
  request.url = config.token_url;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
  BW_RETURN_IF_ERROR(ApplyConnection(config.tls, config.proxy, request));
  request.basic_auth_username = templating::EscapeQuery(config.client_id);
  request.basic_auth_password = templating::EscapeQuery(secret);
  request.body = TokenForm(config, secret, false);
  auto answer = http.Send(request);
  if (answer.ok() && answer->status >= 400 && answer->status < 500) {
    request.basic_auth_username.clear();
    request.basic_auth_password.clear();
    request.body = TokenForm(config, secret, true);
    answer = http.Send(request);
  }
  if (!answer.ok()) return base::Unavailable("fetch an OAuth 2.0 token: " + answer.status().message());
  if (answer->status < 200 || answer->status > 299) {
    return base::Unavailable(fmt::format("fetch an OAuth 2.0 token: the token server answers {}", answer->status));
  }
  const auto json = nlohmann::json::parse(answer->body, nullptr, false);
  if (!json.is_object() || !json.contains("access_token") || !json["access_token"].is_string()) {
    return base::Unavailable("fetch an OAuth 2.0 token: the answer has no access_token");
  }
  base::DurationMs age = kTokenAgeMax;
  if (json.contains("expires_in") && json["expires_in"].is_number()) {
    age = base::DurationMs(static_cast<std::int64_t>(json["expires_in"].get<double>() * 1000)) - kTokenMargin;
  }
  Token token{.text = json["access_token"], .good_until = now + age};
  const base::MutexLock lock(mu_);
  tokens_.insert_or_assign(key, token);
  return token.text;
}

void TokenSource::Drop(const OAuth2Config& config) {
  const base::MutexLock lock(mu_);
  tokens_.erase(TokenKey(config));
}

}  // namespace bellwether::notify
