// Reads http_config, tls_config and oauth2.
#include "notify/config/http_config.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/read_file.h"
#include "notify/config/config_reader.h"

namespace bellwether::notify {
namespace {

using yaml::FieldReader;
using yaml::YamlNode;

// Those that a request has anyway; a configured one would be a second one.
constexpr std::string_view kReservedHeaders[] = {"authorization", "host",       "content-encoding", "content-length",
                                                 "content-type",  "user-agent", "connection"};

base::TlsVersion TlsVersionOf(FieldReader& fields, std::string_view key, ReadContext& context) {
  constexpr std::pair<std::string_view, base::TlsVersion> kVersions[] = {{"TLS10", base::TlsVersion::kTls10},
                                                                         {"TLS11", base::TlsVersion::kTls11},
                                                                         {"TLS12", base::TlsVersion::kTls12},
                                                                         {"TLS13", base::TlsVersion::kTls13}};
  const std::string text = fields.Text(key);
  for (const auto& [name, version] : kVersions) {
    if (text == name) return version;
  }
  if (!text.empty()) {
    context.faults.Add(fields.PositionOf(key), fmt::format("field '{}' must be TLS10, TLS11, TLS12 or TLS13", key));
  }
  return base::TlsVersion::kDefault;
}

void ReadProxy(FieldReader& fields, ProxyConfig& proxy, ReadContext& context) {
  proxy.url = fields.Text("proxy_url");
  proxy.no_proxy = fields.Text("no_proxy");
  proxy.from_environment = fields.Bool("proxy_from_environment").value_or(false);
  if (const YamlNode* headers = fields.Find("proxy_connect_header")) {
    for (const yaml::YamlField& header : headers->fields) {
      for (const YamlNode& value : header.value.items) {
        proxy.connect_headers.emplace_back(header.key, Secret{.text = value.scalar});
      }
    }
  }
  if (proxy.from_environment && (!proxy.url.empty() || !proxy.no_proxy.empty())) {
    context.faults.Add(fields.PositionOf("proxy_from_environment"),
                       "if proxy_from_environment is configured, proxy_url and no_proxy must not be");
  } else if (!proxy.no_proxy.empty() && proxy.url.empty()) {
    context.faults.Add(fields.PositionOf("no_proxy"), "if no_proxy is configured, proxy_url must be too");
  }
  if (!proxy.connect_headers.empty() && proxy.url.empty() && !proxy.from_environment) {
    context.faults.Add(fields.PositionOf("proxy_connect_header"),
                       "if proxy_connect_header is configured, proxy_url or proxy_from_environment must be too");
  }
}

void ReadHeaders(const YamlNode& node, HttpConfig& http, ReadContext& context) {
  for (const yaml::YamlField& field : node.fields) {
    std::string lower = field.key;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (std::find(std::begin(kReservedHeaders), std::end(kReservedHeaders), lower) != std::end(kReservedHeaders)) {
      context.faults.Add(field.key_position, fmt::format("setting header \"{}\" is not allowed", field.key));
    }
    FieldReader header(field.value, "a header", context.faults);
    for (const std::string_view key : {"values", "secrets"}) {
      for (const YamlNode& value : header.List(key)) http.headers.emplace_back(field.key, Secret{.text = value.scalar});
    }
    for (const YamlNode& file : header.List("files")) {
      http.headers.emplace_back(field.key, Secret{.file = context.Path(file.scalar)});
    }
    constexpr std::string_view kKnown[] = {"values", "secrets", "files"};
    header.RefuseUnknown(kKnown, {});
  }
}

std::shared_ptr<const OAuth2Config> ReadOAuth2(const YamlNode& node, ReadContext& context) {
  auto out = std::make_shared<OAuth2Config>();
  FieldReader fields(node, "oauth2", context.faults);
  out->client_id = fields.Text("client_id");
  out->client_secret = ReadSecretField(fields, "client_secret", context);
  out->token_url = fields.Text("token_url");
  for (const YamlNode& scope : fields.List("scopes")) out->scopes.push_back(scope.scalar);
  for (auto& [name, value] : fields.Texts("endpoint_params")) out->endpoint_params.emplace(name, value);
  if (out->client_id.empty()) context.faults.Add(node.position, "oauth2 client_id must be configured");
  if (out->token_url.empty()) context.faults.Add(node.position, "oauth2 token_url must be configured");
  CheckUrl({.text = out->token_url}, fields.PositionOf("token_url"), "token_url", context);
  if (const YamlNode* tls = fields.Find("tls_config")) out->tls = ReadTlsConfig(*tls, context);
  ReadProxy(fields, out->proxy, context);
  constexpr std::string_view kKnown[] = {
      "client_id",           "client_secret",   "client_secret_file", "scopes",   "token_url",
      "proxy_url",           "endpoint_params", "tls_config",         "no_proxy", "proxy_from_environment",
      "proxy_connect_header"};
  fields.RefuseUnknown(kKnown, {});
  return out;
}

void ReadCredentials(FieldReader& fields, HttpConfig& http, ReadContext& context) {
  int ways = 0;
  if (const YamlNode* basic = fields.Find("basic_auth")) {
    ++ways;
    FieldReader auth(*basic, "basic_auth", context.faults);
    http.username = ReadSecretField(auth, "username", context);
    http.password = ReadSecretField(auth, "password", context);
    constexpr std::string_view kKnown[] = {"username", "username_file", "password", "password_file"};
    auth.RefuseUnknown(kKnown, {});
  }
  if (const YamlNode* authorization = fields.Find("authorization")) {
    ++ways;
    FieldReader auth(*authorization, "authorization", context.faults);
    http.authorization_type = auth.Text("type");
    if (http.authorization_type.empty()) http.authorization_type = "Bearer";
    if (http.authorization_type == "Basic" || http.authorization_type == "basic") {
      context.faults.Add(auth.PositionOf("type"), "authorization type cannot be set to \"basic\", use \"basic_auth\"");
    }
    http.credentials = ReadSecretField(auth, "credentials", context);
    constexpr std::string_view kKnown[] = {"type", "credentials", "credentials_file"};
    auth.RefuseUnknown(kKnown, {});
  }
  if (const YamlNode* oauth2 = fields.Find("oauth2")) {
    ++ways;
    http.oauth2 = ReadOAuth2(*oauth2, context);
  }
  if (ways > 1) {
    context.faults.Add(fields.PositionOf(fields.Find("oauth2") != nullptr ? "oauth2" : "authorization"),
                       "at most one of basic_auth, oauth2 & authorization must be configured");
  }
}

}  // namespace

base::Result<std::string> ReadSecret(const Secret& secret) {
  if (secret.file.empty()) return secret.text;
  const base::Result<std::string> text = base::ReadFile(secret.file);
  if (!text.ok()) {
    return base::Unavailable(fmt::format("cannot read the secret file {}: {}", secret.file, text.status().message()));
  }
  const std::size_t first = text->find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return base::Unavailable("the secret file " + secret.file + " is empty");
  return text->substr(first, text->find_last_not_of(" \t\r\n") - first + 1);
}

base::Result<base::TlsSettings> ReadTls(const TlsConfig& config) {
  base::TlsSettings out{.server_name = config.server_name,
                        .insecure_skip_verify = config.insecure_skip_verify,
                        .min_version = config.min_version,
                        .max_version = config.max_version};
  BW_ASSIGN_OR_RETURN(out.ca, ReadSecret(config.ca));
  BW_ASSIGN_OR_RETURN(out.cert, ReadSecret(config.cert));
  BW_ASSIGN_OR_RETURN(out.key, ReadSecret(config.key));
  return out;
}

TlsConfig ReadTlsConfig(const YamlNode& node, ReadContext& context) {
  TlsConfig tls;
  FieldReader fields(node, "tls_config", context.faults);
  tls.ca = ReadSecretField(fields, "ca", context);
  tls.cert = ReadSecretField(fields, "cert", context);
  tls.key = ReadSecretField(fields, "key", context);
  tls.server_name = fields.Text("server_name");
  tls.insecure_skip_verify = fields.Bool("insecure_skip_verify").value_or(false);
  tls.min_version = TlsVersionOf(fields, "min_version", context);
  tls.max_version = TlsVersionOf(fields, "max_version", context);
  if (tls.cert.empty() != tls.key.empty()) {
    context.faults.Add(node.position, "a client certificate needs both: cert or cert_file, and key or key_file");
  }
  if (tls.min_version != base::TlsVersion::kDefault && tls.max_version != base::TlsVersion::kDefault &&
      tls.max_version < tls.min_version) {
    context.faults.Add(fields.PositionOf("max_version"), "max_version must not be below min_version");
  }
  constexpr std::string_view kKnown[] = {"ca",          "ca_file",    "cert",        "cert_file",
                                         "key",         "key_file",   "server_name", "insecure_skip_verify",
                                         "min_version", "max_version"};
  fields.RefuseUnknown(kKnown, {});
  return tls;
}

HttpConfig ReadHttpConfig(const YamlNode& node, ReadContext& context) {
  HttpConfig http;
  FieldReader fields(node, "an http_config", context.faults);
  ReadCredentials(fields, http, context);
  if (const YamlNode* tls = fields.Find("tls_config")) http.tls = ReadTlsConfig(*tls, context);
  if (const YamlNode* headers = fields.Find("http_headers")) ReadHeaders(*headers, http, context);
  ReadProxy(fields, http.proxy, context);
  http.follow_redirects = fields.Bool("follow_redirects").value_or(true);
  fields.Bool("enable_http2");
  fields.RefuseUnknown(kHttpConfigKeys, {});
  return http;
}

}  // namespace bellwether::notify
